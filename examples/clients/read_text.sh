#!/bin/sh
# Print the text in a picture: sh read_text.sh IMAGE [URL]        (curl 7.76 or newer, and jq)
set -eu
image=$1
url=${2:-http://127.0.0.1:8868/predict/ocr_system}

if ! reply=$(curl --silent --show-error --fail-with-body --max-time 60 \
    --header "X-Hub-Strict: 1" --form "images=@$image" "$url"); then
    printf '%s' "$reply" | jq --raw-output .msg >&2 # the server says what was wrong
    exit 1
fi
printf '%s' "$reply" | jq --raw-output '.results[0][].text'
