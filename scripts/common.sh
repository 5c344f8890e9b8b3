# Sourced by the scripts: where the checkout is, and how to speak and fail.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
TOOLS=$ROOT/target/tools
BUNDLE=$ROOT/target/portcullis
CARGO_OUT=${CARGO_TARGET_DIR:-$ROOT/target}
export ROOT TOOLS BUNDLE CARGO_OUT

# Progress goes to stderr, so that what a script prints as its result stays alone on stdout.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

fail() {
  printf '%s: error: %s\n' "${0##*/}" "$1" >&2
  shift
  for hint in "$@"; do printf '  %s\n' "$hint" >&2; done
  exit 2
}

# Prints the comment block at the head of the calling script, without the shebang.
print_help() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# The number of cores, fewer when memory is short: the largest crates need about 2 GiB each.
jobs() {
  local cores gib
  cores=$(nproc)
  gib=$(awk '/^MemAvailable/ { print int($2 / 2097152) }' /proc/meminfo)
  if ((gib < 1)); then gib=1; fi
  echo $((cores < gib ? cores : gib))
}
