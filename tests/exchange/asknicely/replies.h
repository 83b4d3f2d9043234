/*
 * replies.h - answers of the service, as its pages show them.
 */
#ifndef TESTS_ASKNICELY_REPLIES_H
#define TESTS_ASKNICELY_REPLIES_H

#define SENT "{ \"result\": [ { \"survey_sent\": true, \"id\": \"15968\", " \
	"\"email\": \"jane@example.com\", \"msg\": \"Message Sent\" } ], " \
	"\"success\": true, \"surveys_sent\": 1 }"
#define NOT_SENT(words) "{\"result\":[{\"survey_sent\":false," \
	"\"email\":\"jane@example.com\",\"msg\":\"" words "\"}]," \
	"\"success\":true,\"surveys_sent\":0}"
#define SUPPRESSED NOT_SENT("You have already contacted this contact within " \
	"the period of your contact rules, this request will be ignored. Add " \
	"parameter '&triggeremail=true' to override contract rules and trigger " \
	"this survey.")
#define OPTED_OUT NOT_SENT("This contact has been de-activated or has " \
	"un-subscribed, your survey will not be sent")
#define NO_KEY "{\"success\":false,\"msg\":\"We could not find the api key, " \
	"or it was not set []\"}"
#define THROTTLED "{\"success\":false,\"msg\":\"Rate limit hit: reduce the " \
	"rate of requests and retry\",\"type\":\"req-10s\",\"count\":201," \
	"\"limit\":200}"
#define CONTACT(mailed, rest) "{ \"success\": true, \"data\": { \"id\": " \
	"\"15816\", \"lastemailed\": \"" mailed "\", \"active\": \"1\", " \
	"\"created\": \"1418350105\", \"name\": \"Jane Doe\", \"email\": " \
	"\"jane@example.com\", \"segment\": \"VIP Customer\", " rest \
	"\"importedattime\": \"1450653162\", \"source\": \"api\", " \
	"\"unsubscribetime\": null } }"
#define HTML "<html><body>Please log in</body></html>"
/* A row of an answer; at = Unix seconds. */
#define ROW(id, score, at) "{\"response_id\":\"" id "\",\"person_id\":\"7\"," \
	"\"contact_id\":\"7\",\"email\":\"jane@example.com\",\"answer\":\"" \
	score "\",\"comment\":\"\",\"dontcontact\":null,\"sent\":\"" at \
	"\",\"responded\":\"" at "\",\"question_type\":\"nps\"}"
#define PAGE(page, pages, rows) HEAD("\"totalpages\":\"" pages "\"," \
	"\"pagenumber\":\"" page "\",", rows)
#define PAGE_OF(total, page, pages, rows) HEAD("\"total\":\"" total "\"," \
	"\"totalpages\":\"" pages "\",\"pagenumber\":\"" page "\",", rows)
#define HEAD(numbers, rows) "{\"success\":true," numbers \
	"\"pagesize\":\"2\",\"data\":[" rows "]}"
#define LIST(rows) "{\"success\":true,\"data\":[" rows "]}"

#endif
