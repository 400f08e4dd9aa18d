"""`python -m perturb`: the command line."""

from perturb.cli import main

if __name__ == "__main__":
    main()
