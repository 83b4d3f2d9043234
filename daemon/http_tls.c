/*
 * What libcurl's own check of a certificate lets through: names that stand in
 * the subject only, partial wildcards, weak signatures.
 */
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "http_curl.h"
#include "http_xfer.h"

/* 112 bits: no SHA-1, no RSA below 2048. */
#define SECURITY_LEVEL 2

/* The host as the certificate must have it: without brackets and final dot. */
static bool
host_of(const char *url, char *out, size_t size)
{
	AUTO(curlu) CURLU *u = curl_url();
	AUTO(curl_text) char *host = NULL;
	const char *from;

	if (u == NULL || curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_HOST, &host, CURLU_PUNYCODE) != CURLUE_OK)
		return false;
	from = host[0] == '[' ? host + 1 : host;
	size_t len = strcspn(from, "]");
	if (len > 1 && from[len - 1] == '.')
		len--;
	if (len == 0 || len >= size)
		return false;
	memcpy(out, from, len);
	out[len] = '\0';
	return true;
}

CURLcode
xfer_verify_strictly(CURL *easy, void *ssl_ctx, void *arg)
{
	const struct xfer *x = arg;
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ssl_ctx);
	char host[256];

	(void)easy;
	if (!host_of(x->url, host, sizeof(host)))
		return CURLE_URL_MALFORMAT;
	SSL_CTX_set_security_level(ssl_ctx, SECURITY_LEVEL);
	X509_VERIFY_PARAM_set_hostflags(param,
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
		X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (X509_VERIFY_PARAM_set1_ip_asc(param, host) != 1 &&
	    X509_VERIFY_PARAM_set1_host(param, host, 0) != 1)
		return CURLE_OUT_OF_MEMORY;
	return CURLE_OK;
}
