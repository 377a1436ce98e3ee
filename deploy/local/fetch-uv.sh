#!/usr/bin/env bash
# Puts uv into TARGET/bin with whatever python3 has: venv, or pip. Used by the Makefile where uv is absent.
set -euo pipefail
target=$1 version=0.13.8
mkdir -p "$target/bin"
echo "fetching uv into $target"

link() { ln -sf "$1" "$target/bin/uv"; }

if python3 -m venv "$target/python" >/dev/null 2>&1 && "$target/python/bin/python" -m pip install -q "uv==$version"; then
    link "$target/python/bin/uv"
elif python3 -m pip --version >/dev/null 2>&1; then
    python3 -m pip install -q --target "$target/packages" "uv==$version"
    link "$target/packages/bin/uv"
elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    (apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv) >/dev/null
    rm -rf "$target/python"
    python3 -m venv "$target/python"
    "$target/python/bin/python" -m pip install -q "uv==$version"
    link "$target/python/bin/uv"
else
    echo "uv is not installed, and this python3 has neither venv nor pip to fetch it with." >&2
    echo "Install uv, or python3-venv, and try again." >&2
    exit 1
fi
