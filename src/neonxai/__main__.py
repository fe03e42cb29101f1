"""``python -m neonxai``: the same shell as the ``neonxai`` command."""

from neonxai.cli import main

if __name__ == "__main__":
    main()
