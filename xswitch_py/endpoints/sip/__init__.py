"""The SIP door: phones, softphones in web pages, trunks."""
