"""The script in the agent's buffer: it starts Nginx, and sends what that writes to disk on to the centre."""

from .tls import CENTRE_CA_FOLDER, CENTRE_CERTIFICATE_FOLDER

SIDE_BY_SIDE = 16
"""Pushes sent at once. Pyroscope answers when the segment is written, after two seconds (`PYROSCOPE_SEGMENT_SECONDS`):
one by one they would go more slowly than they come. Alloy itself sends 32 (1.18, pyroscope/ebpf/send.go)."""


def buffer_script(url: str, bound_kib: int, configuration: str, folder: str) -> str:
    """The script, for a POSIX shell with busybox's tools and curl."""
    values = {
        "@url@": url,
        "@bound@": str(bound_kib),
        "@configuration@": configuration,
        "@buffer@": folder,
        "@certificate@": CENTRE_CERTIFICATE_FOLDER,
        "@authority@": CENTRE_CA_FOLDER,
        "@side_by_side@": str(SIDE_BY_SIDE),
    }
    script = _SCRIPT
    for name, value in values.items():
        script = script.replace(name, value)
    return script


_SCRIPT = r"""#!/bin/sh
# Starts Nginx, and sends what it writes to disk on to the centre. Goes on where the container before it ended.
#
# Nginx leaves a file for each push and a line about it in a journal: file, path, headers. A journal is named after its
# ten seconds, and touched here once they are over. Whoever is sent, or refused for good, loses file and line.
set -u
centre="@url@"
bound_kib=@bound@
journal_seconds=10
settle_seconds=3
retry_seconds=5
longest_retry_seconds=30
look_seconds=5
tell_seconds=60
journals=@buffer@/journal
bodies=@buffer@/bodies
full=@buffer@/full
work=/tmp/work
tab=$(printf '\t')
stopping="" until="" delay=0 next=0 look=0 tell=0 last=none

say() {
  echo "buffer: $*" >&2
}

now() {
  date +%s
}

# Lines whose file is still there.
present() {
  while IFS= read -r line; do
    [ ! -s "${line%%"$tab"*}" ] || printf '%s\n' "$line"
  done
}

# Makes a journal of these lines, at one stroke.
keep() {
  if [ -s "$2" ]; then
    cp "$2" @buffer@/rest && mv @buffer@/rest "$1"
  else
    rm -f "$1"
  fi
}

# Before Nginx starts, which counts its files from one again: no line may name another's file, no file be without line.
settle() {
  : >"$work/named"
  for journal in "$journals"/*; do
    [ -f "$journal" ] || continue
    present <"$journal" >"$work/kept"
    cut -f 1 "$work/kept" >>"$work/named"
    keep "$journal" "$work/kept"
  done
  find "$bodies" -type f |
    awk 'FILENAME == ARGV[1] { named[$0]; next } !($0 in named)' "$work/named" - |
    while IFS= read -r body; do
      rm -f "$body"
    done
}

# Keeps to the bound; tells what waits too long, and removes files of pushes that were given up half-way.
watch() {
  [ "$(now)" -ge "$look" ] || return 0
  look=$(($(now) + look_seconds))
  used=$(du -sk @buffer@ | cut -f 1)
  if [ "$used" -ge "$bound_kib" ]; then
    [ -f "$full" ] || say "full: takes nothing more"
    : >"$full"
  elif [ -f "$full" ] && [ "$used" -lt $((bound_kib * 9 / 10)) ]; then
    rm -f "$full"
    say "takes pushes again"
  fi
  [ "$(now)" -ge "$tell" ] || return 0
  tell=$(($(now) + tell_seconds))
  oldest=$(ls "$journals" | head -n 1)
  age=0
  [ -z "$oldest" ] || age=$(($(now) - oldest * journal_seconds))
  if [ "$age" -gt "$tell_seconds" ]; then
    waiting=$(find "$journals" -type f -exec cat {} + | wc -l)
    say "$waiting pushes wait ($used KiB), the first for $age s; last answer: $last"
  fi
  # A file that is older than the oldest journal is in none.
  [ "$age" -gt 600 ] || find "$bodies" -type f -mmin +10 -exec rm -f {} +
}

# One push, in curl's language. The certificate is read anew each time, so a renewed one counts at once. The empty
# folder keeps out the authorities that curl was built with. Files are streamed, not read into memory.
push() {
  cat <<END
url = "$centre$3"
upload-file = "$2"
request = "POST"
header = "Content-Type: ${4#t}"
header = "Expect:"
END
  [ "$5" = e ] || printf 'header = "Content-Encoding: %s"\n' "${5#e}"
  [ "$6" = v ] || printf 'header = "Connect-Protocol-Version: %s"\n' "${6#v}"
  cat <<END
cert = "@certificate@/tls.crt"
key = "@certificate@/tls.key"
cacert = "@authority@/ca.crt"
capath = "$work/none"
proto = "=https"
tlsv1.2
noproxy = "*"
globoff
path-as-is
connect-timeout = 10
max-time = 20
output = "$work/said.$1"
write-out = "$1 %{http_code} %{exitcode} %{errormsg}\n"
END
}

# Sends a journal's first lines. Those that have to wait go to its end: they don't hold up the others.
send() {
  head -n @side_by_side@ "$1" | present >"$work/batch"
  tail -n +$((@side_by_side@ + 1)) "$1" >"$work/rest"
  rm -f "$work"/said.*
  count=0
  while IFS=$tab read -r body uri type encoding version; do
    count=$((count + 1))
    [ "$count" = 1 ] || echo next
    push "$count" "$body" "$uri" "$type" "$encoding" "$version"
  done <"$work/batch" >"$work/pushes"
  : >"$work/answers"
  if [ "$count" -gt 0 ]; then
    curl -q --silent --parallel --parallel-max @side_by_side@ --config "$work/pushes" >"$work/answers" 2>"$work/errors"
  fi
  awk -v tab="$tab" '
    FILENAME == ARGV[1] { number = $1; sub(/^[0-9]+ /, ""); answer[number] = $0; next }
    { print ((FNR in answer) ? answer[FNR] : "000 - none") tab FNR tab $0 }
  ' "$work/answers" "$work/batch" >"$work/fates"
  while IFS=$tab read -r answer number body others; do
    case $answer in
      2*)
        through=1
        rm -f "$body"
        ;;
      400* | 404* | 413* | 415* | 422*)
        through=1
        said=$(head -c 300 "$work/said.$number" 2>/dev/null | tr '\000-\037\177' ' ')
        say "the centre refuses a push for good, it is thrown away: ${answer%% *} $said"
        rm -f "$body"
        ;;
      *)
        waits=1
        last=$answer
        # Too many, or nobody there (curl's 6 and 7): the rest needn't be tried.
        case $answer in 429* | "000 6 "* | "000 7 "*) pause=1 ;; esac
        printf '%s\t%s\n' "$body" "$others" >>"$work/rest"
        ;;
    esac
  done <"$work/fates"
  keep "$1" "$work/rest"
}

over() {
  [ -n "$until" ] || [ "${1##*/}" -lt $((($(now) - settle_seconds) / journal_seconds)) ]
}

enough() {
  if [ -n "$until" ]; then [ "$(now)" -ge "$until" ]; else [ -n "$stopping" ]; fi
}

# Sends what waits, oldest first. If nothing of two journals gets through, the centre takes nothing; if something does,
# what doesn't is a matter of that push alone.
round() {
  silent=0 pause="" failed=""
  for journal in "$journals"/*; do
    [ -f "$journal" ] && over "$journal" || break
    through="" waits=""
    while [ -s "$journal" ] && [ -z "$waits" ]; do
      watch
      ! enough || return 0
      send "$journal"
    done
    silent=$((silent + 1))
    [ -z "$through" ] || silent=0
    [ -z "$waits" ] || failed=1
    [ -z "$pause" ] && [ "$silent" -lt 2 ] || break
  done
  if [ -z "$failed" ]; then
    delay=0
  else
    delay=$((delay > 0 ? delay * 2 : retry_seconds))
    [ "$delay" -le "$longest_retry_seconds" ] || delay=$longest_retry_seconds
  fi
  next=$(($(now) + delay))
}

# The agent is stopped at the same moment: what it sends last still gets in.
finish() {
  sleep 2
  kill -s QUIT "$nginx"
  wait "$nginx"
  until=$(($(now) + 10))
  round
  exit 0
}

mkdir -p "$journals" "$bodies" "$work/none"
rm -f /tmp/taken.sock
settle
watch
trap 'stopping=1' TERM QUIT INT
nginx -c @configuration@/nginx.conf -g "daemon off;" &
nginx=$!
while :; do
  [ -z "$stopping" ] || finish
  if ! kill -0 "$nginx" 2>/dev/null; then
    say "Nginx has ended"
    exit 1
  fi
  watch
  [ "$(now)" -lt "$next" ] || round
  sleep 1
done
"""
