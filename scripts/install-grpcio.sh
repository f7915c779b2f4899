#!/usr/bin/env bash
# Makes .cache/grpcio, a Python environment with what test/interop/grpcio/requirements.txt lists. Needs Python 3.10 or later with
# venv (Debian: apt-get install python3-venv).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

environment=.cache/grpcio
wanted=test/interop/grpcio/requirements.txt
if cmp -s "$wanted" "$environment/requirements.txt"; then exit; fi
rm -rf "$environment"
python3 -m venv "$environment"
"$environment/bin/pip" install --disable-pip-version-check --quiet --only-binary :all: --requirement "$wanted"
cp "$wanted" "$environment/requirements.txt"
