/* test_body.c - own functions: parameters, scopes, control flow, errors, recursion, speed. */
#include <pthread.h>
#include <time.h>

#include "cli/packages.h"
#include "unit/evaluate.h"

static Unit *unit;
static Source *source;
static Buf raised;

static const Definition *find_function(void *self, Str name) {
  (void)self;
  for (size_t i = 0; i < unit->body.count; i++) {
    const Stmt *stmt = unit->body.stmts[i];
    if (stmt->kind == STMT_FUNCTION && str_eq(stmt->as.definition->name.text, name)) return stmt->as.definition;
  }
  return NULL;
}

static bool get_global(void *self, Str name, Value *out) {
  (void)self;
  if (!str_is(name, "g")) return false;
  *out = value_text("G");
  return true;
}

static void record_raise(void *self, RaiseLevel level, Str message) {
  (void)self;
  buf_printf(&raised, "%d:%.*s;", (int)level, STR_ARG(message));
}

static DcCode attribute(void *self, int column, Str name, Value *out, DcError *err) {
  (void)self, (void)err;
  *out = column < 0 && str_is(name, "a") ? value_text("attr") : value_null();
  return DC_OK;
}
static const RecordView record = {NULL, attribute, NULL};

static void define(const char *text) {
  Diagnostics diag = {0};
  int number = 0;
  source = source_from_text("test.tdl", str_of(text));
  DcCode code = parse_unit(source, &number, &unit, &diag);
  ck_assert_msg(code == DC_OK, "%s: line %u: %s", text, diag.count ? diag.items[0].pos.line : 0, diag.count ? diag.items[0].message : "?");
  diagnostics_free(&diag);
}

static void undefine(void) {
  unit_free(unit);
  source_free(source);
}

static EvalContext context(void) {
  return (EvalContext){.variables = {NULL, get_global, NULL}, .functions = {NULL, find_function}, .raise = record_raise};
}

static void expect(const char *expression, const char *result) {
  EvalContext cx = context();
  const char *found = evaluate_in(&cx, expression);
  size_t len = strlen(result);
  bool part = len > 3 && strcmp(result + len - 3, "…") == 0;
  ck_assert_msg(strncmp(found, result, part ? len - 3 : len + 1) == 0, "%s gives %s, not %s", expression, found, result);
  ck_assert_int_eq(cx.depth, 0);
  call_context_deinit(&cx.call);
}

START_TEST(test_parameters) {
  define("FUNCTION add(@x, @y = 2) RETURN $x + $y; CREATE FUNCTION twice(@x) AS $x || $x; FUNCTION lit(@x) RETURN 'lit {$x} {$g} {$nope}'; FUNCTION glob() RETURN $g;"
         "FUNCTION names(@list = [a, b]) RETURN ARR_JOIN($list, '+'); FUNCTION set_global() BEGIN LET $g = 'local'; RETURN $g; END; FUNCTION opaque() RETURN $x; FUNCTION outer_x(@x) RETURN opaque();"
         "FUNCTION rec(@s) RECORD RETURN a || $s; FUNCTION put(@arr) BEGIN LET $old = ARR_PUT($arr, 0, 'new' || 1); RETURN ARR_MAKE($old, $arr); END; FUNCTION second(@a, @b = $a || '!') RETURN $b; FUNCTION poke(@a) RETURN ARR_MAKE(ARR_PUT($a, 0, 1), $a);");
  expect("add(1, 10)", "11");
  expect("add(1, NULL)", "3");
  expect("add(1)", "3");
  expect("add(add(1, 1), add(1))", "5");
  expect("add(1, 2, 3)", "error: add takes 2 arguments, not 3");
  expect("add()", "error: add: argument 1 (@x) is missing");
  expect("twice('ab')", "abab");
  expect("lit('q')", "lit q G null");
  expect("glob()", "G");
  expect("names()", "a+b");
  expect("set_global() || glob()", "localG");
  expect("outer_x(5)", "null");
  expect("second('x')", "x!");
  expect("put([1, 2])", "[1, [new1, 2]]");
  expect("poke([7, 8])", "[7, [1, 8]]");
  expect("rec('-')", "error: rec needs a record…");
  expect("nosuch(1)", "error: unknown function nosuch");
  EvalContext cx = context();
  cx.call.record = &record;
  cx.names = NAMES_AS_RECORD;
  ck_assert_str_eq(evaluate_in(&cx, "rec('-')"), "attr-");
  undefine();
}
END_TEST

START_TEST(test_control_flow) {
  define("FUNCTION size(@x) BEGIN IF $x > 100 THEN RETURN 'big'; ELSEIF $x > 50 THEN RETURN 'middle'; END; LOOP $i IN [1,2,3] BEGIN IF $i == $x THEN RETURN 'found' || $i; END; END; RETURN 'none'; END FUNCTION;"
         "FUNCTION acc(@arr) BEGIN LET $s = 0; LOOP $i IN $arr BEGIN LET $s = $s + $i; ELSE LET $s = -1; END; RETURN $s; END;"
         "FUNCTION skip() BEGIN LET $s = ''; LOOP $i IN RANGE[1, 10] BEGIN IF $i = 3 THEN CONTINUE; END; IF $i > 5 THEN BREAK; END; LET $s = $s || $i; END; RETURN $s; END;"
         "FUNCTION down() BEGIN LET $s = ''; LOOP $i IN RANGE[3, 1] BEGIN LET $s = $s || $i; END; RETURN $s; END;"
         "FUNCTION count_up(@n) BEGIN LET $i = 0; WHILE $i < $n BEGIN LET $i = $i + 1; IF $i = 7 THEN BREAK; END; END; RETURN $i; END;"
         "FUNCTION scope() BEGIN LOOP $i IN [1] BEGIN LET $t = 5; END; RETURN '{$t}{$i}'; END; FUNCTION forget() BEGIN LET $g = NULL; RETURN $g DEFAULT 'gone'; END;"
         "FUNCTION nothing(@x) BEGIN IF $x THEN RETURN 1; END; END; FUNCTION empty() BEGIN RETURN; END;"
         "FUNCTION change() BEGIN LET $a = [1, 2, 3]; LET $s = ''; LOOP $i IN $a BEGIN LET $a = 'x'; LET $s = $s || $i; END; RETURN $s || $a; END;"
         "FUNCTION slices(@t) BEGIN LET $t = $t || 'cdef'; LET $t = STR_SLICE($t, 1, 4); LET $t = STR_SLICE($t, 1, 9); RETURN $t; END;"
         "FUNCTION items() BEGIN LET $a = ['p', 'q']; LET $a = ARR_ADD($a, ARR_ITEM($a, 0)); LET $b = ARR_ITEM($a, 1); LET $a = $b; RETURN $a || $b; END;");
  expect("size(101)", "big");
  expect("size('60')", "middle");
  expect("size('2')", "found2");
  expect("size(9)", "none");
  expect("acc([1,2,3])", "6");
  expect("acc([])", "-1");
  expect("acc(NULL)", "-1");
  expect("acc(5)", "5");
  expect("skip()", "1245");
  expect("down()", "321");
  expect("count_up(3)", "3");
  expect("count_up(100)", "7");
  expect("scope()", "nullnull");
  expect("forget()", "gone");
  expect("nothing('true')", "1");
  expect("nothing(FALSE)", "error: function nothing ended without RETURN");
  expect("empty()", "null");
  expect("change()", "123x");
  expect("slices('ab')", "cd");
  expect("items()", "qq");
  undefine();
}
END_TEST

START_TEST(test_errors) {
  define("FUNCTION fails(@x) BEGIN\n  RAISE INFO 'about {$x}';\n  RAISE 'bad ' || $x;\n  RETURN 1;\nEND;"
         "FUNCTION tries(@x) BEGIN TRY BEGIN LET $r = fails($x); ON ERROR $e LET $r = 'caught ' || $e; RETURN $r; END TRY; RETURN 'no'; END;"
         "FUNCTION again(@x) BEGIN LOOP $i IN [1, 2, 3] BEGIN TRY BEGIN LET $q = INT $x; ON ERROR LET $x = $i; END; END; RETURN $x; END;"
         "FUNCTION depth(@n) RETURN depth($n + 1);");
  expect("fails(3)", "error: bad 3");
  ck_assert_str_eq((buf_char(&raised, 0), raised.data), "1:about 3;");
  expect("tries(4)", "caught bad 4");
  expect("again('x')", "1");
  expect("depth(0)", "error: depth: functions call each other more than 1000 deep");
  buf_free(&raised);

  EvalContext cx = context();
  Arena arena = {0};
  Diagnostics diag = {0};
  DcError err = {0};
  const Expr *expr;
  Value value;
  cx.call.arena = &arena;
  Source *text = source_from_text("-e", str_of("1 + fails(2)"));
  ck_assert(parse_expr(text, &arena, &expr, &diag) == DC_OK);
  ck_assert(eval(&cx, expr, &value, &err) == DC_FAIL);
  ck_assert(err.pos.source == source);
  ck_assert_uint_eq(err.pos.line, 3);
  source_free(text);
  diagnostics_free(&diag);
  arena_free(&arena);
  buf_free(&raised);
  undefine();
}
END_TEST

static const char recursion[] =
    "FUNCTION f(@n) BEGIN IF $n > 0 THEN LOOP $i IN [1] BEGIN IF TRUE THEN LOOP $j IN RANGE[1, 1] BEGIN WHILE TRUE BEGIN TRY BEGIN LET $r = (1 + (2 + ABS(f($n - 1)) * 1) - 2); RETURN ROUND($r); ON ERROR $e RAISE '{$e}'; END; END; END; END; END; END; RETURN 0; END;";

static void *recurse(void *self) {
  (void)self;
  expect("f(990)", "990");
  return NULL;
}

START_TEST(test_recursion) {
  define(recursion);
  recurse(NULL);
  pthread_attr_t small; /* as a worker */
  pthread_t thread;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 1 << 20);
  ck_assert_int_eq(pthread_create(&thread, &small, recurse, NULL), 0);
  pthread_join(thread, NULL);
#ifndef __SANITIZE_THREAD__ /* which keeps at most 65,536 frames for a thread */
  EvalContext cx = context();
  cx.max_depth = 20000;
  ck_assert_str_eq(evaluate_in(&cx, "f(19000)"), "19000");
#endif
  undefine();
}
END_TEST

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

START_TEST(test_speed) {
  define("FUNCTION work(@n) BEGIN LET $s = 0; LET $t = ''; LOOP $i IN RANGE[1, $n] BEGIN LET $s = $s + $i * 2 % 7; LET $t = 'row ' || $i || '-' || STR_SLICE($t, 0, 5); IF STR_LENGTH($t) > 90 THEN LET $s = 0; END; END; RETURN $s; END;"
         "FUNCTION fib(@n) BEGIN IF $n < 2 THEN RETURN $n; END; RETURN fib($n - 1) + fib($n - 2); END;");
  double start = seconds();
  expect("work(100000)", "300001");
  double spent = seconds() - start;
  start = seconds();
  expect("fib(20)", "6765");
  double calls = seconds() - start;
  printf("100,000 rounds: %.3f s; fib(20), 21,891 calls: %.3f s\n", spent, calls);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  ck_assert_msg(spent < 0.3, "100,000 rounds take %.3f s", spent); /* 0.03 s on a quiet machine */
#endif
  undefine();
}
END_TEST

START_TEST(test_memory) {
  define("FUNCTION grow(@n) BEGIN LET $t = ''; LET $a = []; WHILE $n > 0 BEGIN LET $n = $n - 1; LET $t = STR_SLICE('{$t}abcdefghijklmnopqrstuvwxyz', -50, 100); LET $a = [$t, $t, $n]; END; RETURN ARR_ITEM($a, 2); END;");
  EvalContext cx = context();
  Arena arena = {0};
  Diagnostics diag = {0};
  DcError err = {0};
  const Expr *expr;
  Value value;
  cx.call.arena = &arena;
  Source *text = source_from_text("-e", str_of("grow(30000)"));
  ck_assert(parse_expr(text, &arena, &expr, &diag) == DC_OK);
  size_t before = arena.total;
  ck_assert_msg(eval(&cx, expr, &value, &err) == DC_OK, "%s", err.message);
  ck_assert_int_eq(value.as.i, 0);
  ck_assert_msg(arena.total <= before + (64 << 10), "the caller's arena grew by %zu", arena.total - before);
  source_free(text);
  diagnostics_free(&diag);
  arena_free(&arena);
  undefine();
}
END_TEST

START_TEST(test_long_chains) {
  Buf text = {0};
  buf_text(&text, "1");
  for (int i = 0; i < 4000; i++) buf_text(&text, " + 1");
  buf_char(&text, 0);
  const char *result = evaluate(text.data);
  ck_assert_msg(strcmp(result, "4001") == 0 || strncmp(result, "syntax", 6) == 0, "%s", result);
  buf_free(&text);
}
END_TEST

/* --- Transforms: a stream of the numbers 1 … last, whose attribute n they are --- */

typedef struct Numbers {
  int at, last, forgiven;
  Buf yielded;
} Numbers;

static DcCode number_attribute(void *self, int column, Str name, Value *out, DcError *err) {
  const Numbers *numbers = self;
  (void)column, (void)err;
  *out = str_is(name, "n") ? value_int(numbers->at) : value_null();
  return DC_OK;
}

static DcCode number_key(void *self, Value *out, DcError *err) {
  (void)err;
  *out = value_int(((const Numbers *)self)->at * 10);
  return DC_OK;
}

static DcCode number_object(void *self, Arena *arena, Value *out, DcError *err) {
  (void)self, (void)arena, (void)err;
  *out = value_text("object");
  return DC_OK;
}

static DcCode next_number(void *self, bool *found, DcError *err) {
  Numbers *numbers = self;
  (void)err;
  *found = numbers->at < numbers->last;
  if (*found) numbers->at++;
  return DC_OK;
}

static DcCode put_yielded(void *self, Value key, Value object, DcError *err) {
  Numbers *numbers = self;
  (void)err;
  value_print(&numbers->yielded, key);
  buf_char(&numbers->yielded, '=');
  value_print(&numbers->yielded, object);
  buf_char(&numbers->yielded, ' ');
  return DC_OK;
}

static bool reads_all_but_unread(void *self, Str name) {
  (void)self;
  return !str_is(name, "unread");
}

static DcCode forgive(void *self, DcError *err) {
  ((Numbers *)self)->forgiven++;
  dc_error_clear(err);
  return DC_OK;
}

/* What the body yields over 1 … last, or its error. */
static void transform(const char *body, int last, const char *yielded) {
  Buf text = {0};
  Numbers numbers = {.last = last};
  buf_printf(&text, "TRANSFORM t(@p) FROM TEXT INTO TEXT BEGIN %s END;%c", body, 0);
  define(text.data);
  EvalContext cx = context();
  DcError err = {0};
  RecordView view = {.self = &numbers, .attribute = number_attribute, .key = number_key, .object = number_object};
  RecordStream stream = {&numbers, next_number, put_yielded, reads_all_but_unread, forgive};
  BodyVariable variables[] = {{str_of("p"), value_text("P")}};
  cx.call.record = &view;
  if (eval_transform(&cx, unit->body.stmts[0]->as.definition, variables, 1, &stream, &err) != DC_OK) buf_text(&numbers.yielded, err.message);
  buf_char(&numbers.yielded, 0);
  ck_assert_msg(strcmp(numbers.yielded.data, yielded) == 0, "%s gives %s, not %s", body, numbers.yielded.data, yielded);
  ck_assert_int_eq(cx.depth, 0);
  ck_assert_ptr_null(cx.call.arena);
  buf_free(&numbers.yielded);
  buf_free(&text);
  undefine();
}

START_TEST(test_transforms) {
  transform("FETCH; IF $NOTFOUND THEN RETURN; END; YIELD n, n * 2;", 3, "1=2 2=4 3=6 ");
  transform("FETCH; IF NOT $NOTFOUND THEN YIELD n, $p; END;", 2, "1=P 2=P "); /* the round behind the last record is the last */
  transform("FETCH;", 0, "");
  transform("YIELD 1, $g; RETURN;", 3, "1=G ");
  transform("FETCH @k, @o; IF $NOTFOUND THEN YIELD $k, $o; RETURN; END; YIELD $k, $o;", 1, "10=object null=null ");
  transform("FETCH @unread; IF $NOTFOUND THEN RETURN; END; YIELD 1, $unread;", 1, "1=null ");
  transform("LET $c = ($c : 0) + 1; FETCH; IF $NOTFOUND THEN YIELD 'rounds', $c; END;", 4, "rounds=5 ");
  transform("LET $last = 0; WHILE NOT $NOTFOUND BEGIN FETCH; IF NOT $NOTFOUND THEN LET $last = n; END; END; YIELD 0, $last; RETURN;", 5, "0=5 ");
  transform("FETCH; IF $NOTFOUND THEN RETURN; END; LOOP $i IN RANGE[1, n] BEGIN IF $i = 3 THEN BREAK; END; YIELD n, '{$i}'; END;", 3, "1=1 2=1 2=2 3=1 3=2 ");
  transform("LET $p = $p || '!'; FETCH; IF $NOTFOUND THEN YIELD 0, $p || '{$p}'; END;", 1, "0=P!!P!! ");
}
END_TEST

START_TEST(test_failing_rounds) {
  transform("FETCH; IF $NOTFOUND THEN RETURN; END; YIELD n, INT (n = 2 ? 'x' : n);", 3, "1=1 3=3 ");
  transform("FETCH; IF $NOTFOUND THEN RETURN; END; IF n = 2 THEN RAISE ERROR 'stop'; END; YIELD n, n;", 3, "1=1 stop");
  transform("FETCH; IF $NOTFOUND THEN RETURN; END; TRY BEGIN LET $x = INT ('x' || n); ON ERROR $e YIELD n, 'caught'; END;", 2, "1=caught 2=caught ");
}
END_TEST

int main(void) {
  packages_install();
  Suite *suite = suite_create("body");
  TCase *tests = tcase_create("body");
  suite_add_tcase(suite, tests);
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, test_parameters);
  tcase_add_test(tests, test_control_flow);
  tcase_add_test(tests, test_errors);
  tcase_add_test(tests, test_recursion);
  tcase_add_test(tests, test_speed);
  tcase_add_test(tests, test_memory);
  tcase_add_test(tests, test_long_chains);
  tcase_add_test(tests, test_transforms);
  tcase_add_test(tests, test_failing_rounds);
  return run_suite(suite);
}
