#!/bin/sh
echo "$*" >> /tmp/scenario/notes
