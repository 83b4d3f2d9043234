/* want headers.sh: headers_alone.h:1: does not compile alone */
#ifndef SEED_H
#define SEED_H
void seed(size_t n);
#endif
