# What .ci/run and .ci/full share: a temporary folder that goes when they end, and empty virtual environments within it.
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PYTHONDONTWRITEBYTECODE=1 COLUMNS=120
unset PYTHONPATH PYTEST_ADDOPTS VIRTUAL_ENV
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Caches of tools stay out of the checkout.
export RUFF_CACHE_DIR="$scratch/ruff" MYPY_CACHE_DIR="$scratch/mypy"
outer_path=$PATH

step() {
    printf '\n=== %s (%s s)\n' "$1" "$SECONDS"
}

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

# environment NAME: an empty virtual environment, first on the path from now on.
environment() {
    local interpreter
    for interpreter in python3 python; do
        if PATH=$outer_path "$interpreter" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            PATH=$outer_path "$interpreter" -m venv "$scratch/$1"
            export PATH="$scratch/$1/bin:$outer_path"
            return
        fi
    done
    fail "there is no Python 3.11 or later on the path; install one, with venv and pip"
}
