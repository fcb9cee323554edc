/* evaluate.h - runs an expression of TDL for unit tests. */
#ifndef UNIT_EVALUATE_H
#define UNIT_EVALUATE_H

#include <check.h>
#include <stdio.h>

#include "engine/eval.h"
#include "lang/library.h"

/* The text form of the result, or "error: …". Valid until the next call. cx may be NULL. */
static const char *evaluate_in(EvalContext *cx, const char *text) {
  static char out[8192];
  Arena arena = {0};
  Diagnostics diag = {0};
  EvalContext plain = {0};
  DcError err = {0};
  const Expr *expr;
  Value value;
  Buf buf = {0};
  if (!cx) cx = &plain;
  Arena *before = cx->call.arena;
  cx->call.arena = &arena;
  Source *source = source_from_text("-e", str_of(text));
  if (parse_expr(source, &arena, &expr, &diag) != DC_OK) buf_printf(&buf, "syntax: %s", diag.count ? diag.items[0].message : "?");
  else if (eval(cx, expr, &value, &err) != DC_OK) buf_printf(&buf, "error: %s", err.message);
  else value_print(&buf, value);
  snprintf(out, sizeof out, "%.*s", (int)buf.len, buf.data ? buf.data : "");
  cx->call.arena = before;
  call_context_deinit(&plain.call);
  buf_free(&buf);
  diagnostics_free(&diag);
  source_free(source);
  arena_free(&arena);
  return out;
}

static const char *evaluate(const char *text) { return evaluate_in(NULL, text); }

typedef struct Expectation {
  const char *expression, *result; /* a result that ends in "…" needs to match up to there */
} Expectation;

static void expect_all(const Expectation *list, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const char *result = evaluate(list[i].expression);
    size_t len = strlen(list[i].result);
    if (len > 3 && strcmp(list[i].result + len - 3, "…") == 0) len -= 3;
    else len++;
    ck_assert_msg(strncmp(result, list[i].result, len) == 0, "%s gives %s, not %s", list[i].expression, result, list[i].result);
  }
}

#define EXPECT_ALL(list) expect_all(list, sizeof(list) / sizeof(list)[0])

static inline int run_suite(Suite *suite) {
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}

#endif
