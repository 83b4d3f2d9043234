# A mark with a part of a second is rounded up to the next one.
# file connectors/common/watermark.c
# test unit/test_watermark
# lines 1
/^	const time_t top = watermark_limit(w);$/{N;/\n$/{N;/rules.token/i\
	char up[32]; if (at != NO_TIME \&\& billionths(text) > 0) text = clock_iso(up, ++at);
}}
