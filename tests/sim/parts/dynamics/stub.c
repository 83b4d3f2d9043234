#include "sim.h"
void on_batch(struct sim *s, struct request *r, struct reply *out)
{ (void)s, (void)r; reply_error(out, 501, "", "not yet"); }
void on_meta(struct sim *s, struct request *r, struct reply *out, char *rest)
{ (void)s, (void)r, (void)rest; reply_error(out, 501, "", "not yet"); }
void undo_note(struct sim *s, size_t table, struct guid id)
{ (void)s, (void)table, (void)id; }
