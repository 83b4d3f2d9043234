/*
 * environment.h - what a caller's environment must not decide.
 */
#ifndef NPSYNC_ENVIRONMENT_H
#define NPSYNC_ENVIRONMENT_H

/* Takes out the variables by which libcurl, OpenSSL, libpq, libssh2, the loader,
 * the resolver and malloc would do something else than the configuration says,
 * or write keys down (proxies, key log, netrc, PG*, ...).  Not thread-safe. */
void environment_clear(void);

#endif
