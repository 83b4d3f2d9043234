/*
 * npsync.h - attributes and clean-up helpers that every module uses.
 */
#ifndef NPSYNC_NPSYNC_H
#define NPSYNC_NPSYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NPS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define NPS_MUSTCHECK __attribute__((warn_unused_result))
#define NPS_NONNULL __attribute__((nonnull))

/*
 * AUTO(kind) T *p = NULL; calls kind_cleanup(&p) when p leaves its scope.
 * Hand over by `return steal(&p);` - a plain `return p` frees what it returns.
 */
#define AUTO(kind) __attribute__((cleanup(kind##_cleanup)))
#define steal(pp)                                                     \
	__extension__({                                               \
		__typeof__(*(pp)) steal_p_ = *(pp);                   \
		*(pp) = NULL;                                         \
		steal_p_;                                             \
	})

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#ifndef NPSYNC_VERSION
#define NPSYNC_VERSION "0.1.0"
#endif

#endif
