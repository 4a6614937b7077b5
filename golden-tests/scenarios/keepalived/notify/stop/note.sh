#!/bin/sh
# One that tells of the stop runs longer than the daemon waits.
echo "$*" >> /tmp/scenario/notes
case "$*" in *STOP*|*-stop*) exec sleep 60 ;; esac
