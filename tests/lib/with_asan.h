/*
 * with_asan.h - WITH_ASAN is 1 in a build with AddressSanitizer, of either
 * compiler, else 0.  Such a build holds back what is freed and looks for leaks
 * where a process ends by exit().
 */
#ifndef NPSYNC_TESTS_WITH_ASAN_H
#define NPSYNC_TESTS_WITH_ASAN_H

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifndef WITH_ASAN
#define WITH_ASAN 0
#endif

#endif
