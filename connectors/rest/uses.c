#include "uses.h"

bool
rest_request_uses(const struct rest_request *req, const char *name)
{
	const char *const texts[] = { req->path, req->json, req->form,
		req->text };
	const struct rest_header *headers = req->headers.v;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (hole_uses(texts[i], name))
			return true;
	for (size_t i = 0; i < req->headers.n; i++)
		if (hole_uses(headers[i].value, name))
			return true;
	return false;
}
