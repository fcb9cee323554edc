/* hidden.c - which hidden datasets of a CALL the rest of its body can still mention, so that an input that is read for the
 * last time is streamed and not kept. */
#include "lang/ast_walk.h"
#include "run/session_internal.h"

/* What the statements that are still to come mention. */
typedef struct Rest {
  Str *names; /* "INPUT:points", "temp/counts": behind the prefix of the call; a temporary may go on behind it */
  size_t count, cap;
  bool any;   /* there may be others */
  size_t temps, known_temps; /* uses of $TEMP, and those of them that are followed by a constant */
  Arena arena;
} Rest;

static void add(Rest *rest, Str name) {
  VEC_GROW(rest->names, rest->count, rest->cap);
  rest->names[rest->count++] = name;
}

/* "{$TEMP}counts" */
static void see_text(Rest *rest, const Expr *text) {
  for (size_t i = 0; i + 1 < text->count; i++) {
    const Expr *variable = text->items[i], *next = text->items[i + 1];
    if (variable->kind != EXPR_VAR || !str_is(variable->name.text, "TEMP") || next->kind != EXPR_LITERAL || next->literal.type != TYPE_STRING) continue;
    rest->known_temps++;
    add(rest, arena_printf(&rest->arena, "temp/%.*s", STR_ARG(value_get_str(next->literal))));
  }
}

static void see(void *self, const Expr *expr) {
  Rest *rest = self;
  if (expr->kind == EXPR_CALL && !expr->function) rest->any = true; /* an own function may read the variables */
  if (expr->kind == EXPR_TEXT) see_text(rest, expr);
  if (expr->kind != EXPR_VAR) return;
  Str name = expr->name.text;
  if (expr->name.parts) rest->any = true;
  else if (str_is(name, "TEMP")) rest->temps++;
  else if (!is_call_variable(name)) return;
  else if (expr->path.len) add(rest, arena_printf(&rest->arena, "%.*s:%.*s", STR_ARG(name), STR_ARG(expr->path)));
  else if (str_is(name, "INPUT")) rest->any = true; /* as a whole: it may be all of them */
  else add(rest, name);
}

static bool mentions(const Rest *rest, Str name) {
  if (str_starts(name, str_of("OUTPUT"))) return true;
  bool temp = str_starts(name, str_of("temp/"));
  if (temp && rest->temps > rest->known_temps) return true;
  for (size_t i = 0; i < rest->count; i++)
    if (temp ? str_starts(name, rest->names[i]) : str_eq(name, rest->names[i])) return true;
  return false;
}

void session_release_hidden(Session *session) {
  const HiddenCall *call = session->hidden;
  if (!call || session->call_depth != call->depth) return;
  size_t at = 0;
  while (at < call->body->count && call->body->stmts[at] != session->stmt) at++;
  if (at == call->body->count) return; /* inside of a LOOP or IF, which may come back to anything */
  Rest rest = {0};
  Block behind = {call->body->stmts + at + 1, call->body->count - at - 1};
  block_each_expr(&behind, see, &rest);
  for (uint32_t i = call->first; i < session->datasets.names.count && !rest.any; i++) {
    Str name = session->datasets.entries[i].name;
    if (!str_starts(name, call->prefix) || mentions(&rest, str_make(name.data + call->prefix.len, name.len - call->prefix.len))) continue;
    datasets_remove(&session->datasets, name);
  }
  dc_free(rest.names);
  arena_free(&rest.arena);
}
