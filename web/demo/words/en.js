/** What the demo says, in English. */

export default {
    shop: "Linden Street Cycles",
    skip: "To the content",
    nav: "Parts of this page",
    language: "Language",
    services: "What we do",
    desk: "The desk that you call",
    guide: "How the phone came into this page",
    docs: "For programmers: the API",
    site: "For operators: the site",
    invented: "This shop is invented. It shows what the phone looks like in a page of somebody else.",
    insecure: "Browsers give the microphone only to secure pages. On the server's own computer open {here}; from "
        + "others use https.",

    kicker: "Bicycle workshop since 1987",
    headline: "Your bicycle, back by Friday",
    lead: "Bring it on Monday, or call us first: we tell you on the phone what it will cost and when you can fetch "
        + "it. The call goes straight from this page to our desk.",
    callDesk: "Call the workshop ({number})",
    free: "free, from the browser",
    drawing: "A bicycle",
    "check.title": "Safety check",
    "check.text": "Brakes, gears, lights, bolts and tyres, with a list of what should be done.",
    "check.price": "EUR 29",
    "service.title": "Full service",
    "service.text": "Taken apart, cleaned, greased, and put together as it should be.",
    "service.price": "EUR 89",
    "wheel.title": "Wheels",
    "wheel.text": "Trued while you wait; new spokes, rims and hubs within two days.",
    "wheel.price": "EUR 19",
    weekdays: "Monday to Friday",
    saturday: "Saturday",
    sunday: "Sunday",
    closed: "closed",

    deskText: "The phone in the corner is the customer's ({customer}); the one here stands on the workshop's desk "
        + "({desk}). Call the workshop from the corner, and answer here.",
    oneText: "In this tab you are {user}, on the phone in the corner. Open another tab for the other end, and call "
        + "it.",
    openOther: "Open {user} in another tab",
    headphones: "Both phones share this computer's one microphone and loudspeaker. With headphones you will not "
        + "hear yourself twice.",
    tests: "Numbers to try",
    testsText: "Nobody needs to be there for these: the switch answers itself.",
    "test.echo": "{number}: your own echo",
    "test.tone": "{number}: a tone",
    "test.music": "{number}: music",
    passwords: "The passwords of 1000 to 1019 were printed when the demo was started.",

    guideText: "Nothing was built or installed for it. The phone is a custom element in plain JavaScript; its look "
        + "cannot disturb the page, nor the page's look the phone.",
    "lines.title": "Two lines in the page",
    "lines.text": "That is all. The phone shows a form to log in with, asks for the microphone at the first call, "
        + "and speaks the language of the page's reader.",
    copy: "Copy these lines",
    copied: "Copied.",
    notCopied: "The browser does not let us copy. Select the lines and copy them yourself.",
    "mode.dock": "a round button in the corner, and a panel above it",
    "mode.inline": "a panel in the page, as the one of the desk above",
    "mode.button": "one button in the text, such as “call us”",
    "origins.title": "Allow the page",
    "origins.text": "The switch refuses sockets that pages of other sites open. Name the sites that may, in "
        + "xswitch.toml; pages of the switch itself always may.",
    "token.title": "A token instead of a password",
    "token.text": "Where your own site knows who is there, nobody should have to log in again. Let your server ask "
        + "for a token with an API key that may change users, and put it into the page. It must be used within five "
        + "minutes.",
    "token.renew": "Or give the element's property “credentials” a function that fetches one: the phone asks it at "
        + "every login.",
    "headers.title": "What your site must allow",
    "headers.text": "If your site sends these headers, they need at least this:",
    "headers.frame": "If the page with the phone is in a frame, the frame must hand the microphone on:",
    "local.title": "A switch in the local network",
    "local.text": "A page from the internet that reaches for a switch at a private address, or on the reader's own "
        + "computer, makes Chrome ask first: “look for and connect to any device on your local network” (Local "
        + "Network Access). It asks on https pages only; without a yes the socket fails, and the phone says so.",
    "local.text2": "Nobody is asked if the switch has a public address, or if the page comes from the local "
        + "network as well.",
};
