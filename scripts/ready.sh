# Sourced by each script of bin/, which has set `root`: builds again where a source is newer than what was built of it, as after a
# `git pull`. Asked by the shell in a few milliseconds, since a person waits for every script.
# shellcheck shell=bash disable=SC2154

is_stale() {
  # A package that was installed has no sources, and comes built.
  [ -d "$root/src" ] || return 1
  [ "$root/package-lock.json" -nt "$root/node_modules/.package-lock.json" ] && return 0
  [ -e "$root/dist/.built" ] || return 0
  # The same files as in ensure.mjs: what only one of the two took for new would be asked for again with every call.
  [ -n "$(find "$root/src" -type f ! -name '*.test.ts' -newer "$root/dist/.built" -print -quit)" ]
}

if is_stale; then node "$root/scripts/ensure.mjs" >&2; fi
