/* want layers.pl: 6: includes <curl.h>, which belongs elsewhere */
/* want layers.pl: 7: includes <libpq-fe.h>, which belongs elsewhere */
/* want layers.pl: 15: calls curl_easy_init, which belongs elsewhere */
/* want layers.pl: 16: calls PQfinish, which belongs elsewhere */
/* want layers.pl: 17: calls execl, which belongs elsewhere */
#include <curl/curl.h>
#include <libpq-fe.h>
#include <unistd.h>

void seed(void);

void
seed(void)
{
	curl_easy_init();
	PQfinish(NULL);
	execl("/bin/true", "true", (char *)NULL);
}
