#!/bin/sh
# want text.sh: shell.sh:3:.*SC2086
rm $1
