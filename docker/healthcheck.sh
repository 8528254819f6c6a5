#!/bin/bash
# usage: healthcheck PORT PATH
# Succeeds if a GET of PATH on this container's PORT is answered with 200. Bash opens the connection, so that the image
# needs no HTTP client.
exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&3
read -r -t 10 _ status _ <&3
[ "$status" = 200 ]
