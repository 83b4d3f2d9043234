# A task or post whose reply got lost is written again.
# file daemon/stage_effects.c
# test torture/test_crm_effects
# lines 2
s/^	return (struct effect_outcome){ kind->once ? EFFECT_UNKNOWN$/	return (struct effect_outcome){ kind->once \&\& wish == NULL ? EFFECT_UNKNOWN/
