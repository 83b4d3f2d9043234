#include "suppressed.h"

/* As elsewhere: three are not the people any more. */
#define PEOPLE_MIN 3

enum suppressed_state
suppressed_judge(long long suppressed, long long ended, int warn_pct)
{
	if (warn_pct == 0)
		return SUPPRESSED_FEW;
	if (ended < PEOPLE_MIN)
		return SUPPRESSED_CANNOT_SAY;
	if (suppressed * 100 < ended * warn_pct)
		return SUPPRESSED_FEW;
	return suppressed < PEOPLE_MIN ? SUPPRESSED_CANNOT_SAY
	                               : SUPPRESSED_MANY;
}
