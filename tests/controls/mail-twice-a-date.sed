# An address that has its mail gets it again when another one is tried again.
# file daemon/effect.c
# test system/test_preview
# lines 2
s/  WHERE f.state IN ('wanted', 'failed')");/  WHERE true");/
