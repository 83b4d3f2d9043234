#!/bin/sh
# want text.sh: shell.sh:4:.*SC2086
# want text.sh: shell.sh: starts with #! but is not
rm $1
