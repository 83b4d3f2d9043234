#include "oauth.h"

static const char *const clients[] = { "header", "body", NULL };

static const struct opt field_opts[] = {
#define AT(member) offsetof(struct oauth_field, member)
	{ .name = "name", .type = OPT_STR, .offset = AT(name),
	    .help = "of the field" },
	{ .name = "value", .type = OPT_STR, .offset = AT(value),
	    .help = "a text" },
	{ .name = NULL }
#undef AT
};

const struct opt oauth_opts[] = {
#define AT(member) offsetof(struct oauth_settings, member)
	{ .name = "token_path", .type = OPT_STR, .offset = AT(token_path),
	    .def = "", .help = "of the token, below base_url" },
	{ .name = "client", .type = OPT_CHOICE, .offset = AT(client),
	    .def = "header", .choices = clients,
	    .help = "where id and secret of the client go" },
	{ .name = "scope", .type = OPT_STR, .offset = AT(scope), .def = "",
	    .help = "what is asked for" },
	{ .name = "extra", .type = OPT_GROUPLIST, .offset = AT(extra),
	    .def = "()", .sub = field_opts, .size = sizeof(struct oauth_field),
	    .help = "further fields of the request" },
	{ .name = NULL }
#undef AT
};
