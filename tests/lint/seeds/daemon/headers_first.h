/* want headers.sh: headers_first.c:1: does not include headers_first.h first */
#ifndef SEED_FIRST_H
#define SEED_FIRST_H
void seed_first(void);
#endif
