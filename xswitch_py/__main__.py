"""`python -m xswitch_py` is `xswitch`."""

from xswitch_py.cli.main import main

if __name__ == "__main__":
    main()
