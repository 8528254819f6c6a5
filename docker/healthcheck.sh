#!/bin/bash
# usage: healthcheck PORT PATH
# Succeeds if a GET of PATH on this container's PORT is answered with 200, or refused as a web configuration has it: 400 by
# a server that wants TLS, or the connection's end where that comes first; 401 without a password, 429 beyond the rate
# limit. Bash opens the connection, so that the image needs no HTTP client.
trap '' PIPE
exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
# Bash sends line by line, of which the first may be answered enough.
printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&3 2>/dev/null
read -r -t 10 _ status _ <&3
# 1 is the end, more than 128 that nothing came in time.
ended=$?
case $status in
200 | 400 | 401 | 429) ;;
'') [ "$ended" -eq 1 ] ;;
*) exit 1 ;;
esac
