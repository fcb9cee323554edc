/* runner.c - runs the cases below tests/cases, each in a fresh folder, each four ways: 1 and 4 threads, whole and 3-row
 * batches. What is printed and written must be the same in all ways and as the case says.
 *
 *   DCETL=build/dcetl build/runner [--accept] [CASE.tdl | FOLDER]…      default: tests/cases
 *
 * CASES_WAYS=n runs only the first n ways. A failing case leaves its folder below $TMPDIR for a look.
 */
#include <check.h>
#include <fcntl.h>
#include <fts.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static const char *const ways[] = {"-t 4", "-t 1", "-t 4 -o batch_rows=3", "-t 1 -o batch_rows=3"};
enum { WAYS = sizeof ways / sizeof *ways };

static char **paths;
static size_t path_count;
static bool accepting;
static char home[4096]; /* the folder of this case: way0/work, way0/stdout … */

__attribute__((format(printf, 1, 2))) static char *text_of(const char *format, ...) {
  char *out = NULL;
  va_list args;
  va_start(args, format);
  if (vasprintf(&out, format, args) < 0) abort();
  va_end(args);
  return out;
}

static void file_write(const char *path, const char *data, size_t len) {
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(data, 1, len, file) != len || fclose(file)) ck_abort_msg("cannot write %s", path);
}

/* Runs a shell command in folder and gives what it prints (both streams); *status is as of waitpid. */
static char *shell(const char *folder, const char *command, int *status) {
  char *log = text_of("%s/shell.log", home);
  char *line = text_of("cd '%s' && { %s\n} >'%s' 2>&1 </dev/null", folder, command, log);
  *status = system(line);
  char *text = file_read(log, NULL);
  return text ? text : strdup("");
}

/* The bytes a block stands for: noeol, crlf, bom, base64 behind the name change them. */
static char *block_bytes(const Directive *d, const char *flags, size_t *len) {
  char *out = malloc(d->block_len * 2 + 8);
  size_t n = 0;
  if (strstr(flags, " bom")) n = (size_t)sprintf(out, "\xEF\xBB\xBF");
  for (size_t i = 0; i < d->block_len; i++) {
    if (d->block[i] == '\n' && strstr(flags, " crlf")) out[n++] = '\r';
    out[n++] = d->block[i];
  }
  if (strstr(flags, " noeol") && n && out[n - 1] == '\n') n--;
  *len = n;
  return out;
}

static void given_file(const Case *c, const Directive *d, const char *work, const char *name, const char *flags) {
  char *path = name[0] == '/' ? strdup(name) : text_of("%s/%s", work, name);
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    mkdir(path, 0777);
    *slash = '/';
  }
  size_t len;
  char *bytes = block_bytes(d, flags, &len);
  file_write(path, bytes, len);
  if (strstr(flags, " base64")) {
    int status;
    char *said = shell(work, text_of("base64 -d < '%s' > '%s.tmp' && mv '%s.tmp' '%s'", path, path, path, path), &status);
    if (status) ck_abort_msg("%s:%d: base64: %s", c->path, d->line, said);
  }
}

static void prepare(const Case *c, const char *way_folder, const char *work) {
  mkdir(way_folder, 0777);
  mkdir(work, 0777);
  mkdir(text_of("%s/tmp", way_folder), 0777);
  file_write(text_of("%s/%s", work, c->base), c->source, c->source_len);
  file_write(text_of("%s/stdin", way_folder), "", 0);
  for (size_t i = 0; i < c->count; i++) {
    const Directive *d = &c->items[i];
    if (d->kind == GIVEN_FILE) {
      char *name = strdup(d->text), *blank = strchr(name, ' ');
      const char *flags = blank ? text_of("%s", blank) : "";
      if (blank) *blank = 0;
      given_file(c, d, work, name, flags);
    } else if (d->kind == GIVEN_STDIN) {
      given_file(c, d, work, text_of("%s/stdin", way_folder), text_of(" %s", d->text));
    } else if (d->kind == GIVEN_SHELL) {
      int status;
      char *said = shell(work, d->text, &status);
      if (status) ck_abort_msg("%s:%d: %s failed: %s", c->path, d->line, d->text, said);
    }
  }
}

static int run(const Case *c, const char *way, const char *way_folder, const char *work) {
  char *command = c->command ? c->command : text_of("dcetl %s %s", c->args, c->base);
  char *script = text_of("dcetl() { \"$DCETL\" %s --temp-dir '%s/tmp' \"$@\"; }\ncd '%s' || exit 99\n{ %s\n} <'%s/stdin' >'%s/stdout' 2>'%s/stderr'\n",
                         way, way_folder, work, command, way_folder, way_folder, way_folder);
  setenv("TMPDIR", text_of("%s/tmp", way_folder), 1);
  char *path = text_of("%s/run.sh", way_folder);
  file_write(path, script, strlen(script));
  int status = system(text_of("sh '%s'", path));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --- Comparing --- */

typedef struct Result {
  const Case *c;
  const char *way, *folder, *work;
  char *out, *err;
  size_t out_len;
} Result;

static void fail_at(const Result *r, int line, const char *what, const char *detail) {
  char *err = strlen(r->err) > 1500 ? text_of("%.1500s …", r->err) : r->err;
  ck_abort_msg("%s:%d: (%s) %s\n%.2500s%s%s\n  folder: %s", r->c->path, line, r->way, what, detail,
               *err ? "\n  its standard error:\n" : "", err, r->work);
}

static char *diff(const char *want, size_t want_len, const char *got, size_t got_len) {
  char *a = text_of("%s/want", home), *b = text_of("%s/got", home);
  file_write(a, want, want_len);
  file_write(b, got, got_len);
  int status;
  return shell(home, "diff -u --label expected --label got want got | cat -A | sed 's/\\$$//' | head -40", &status);
}

static void same_bytes(const Result *r, const Directive *d, const char *what, const char *got, size_t got_len) {
  const char *blank = d->kind == EXPECT_FILE ? strchr(d->text, ' ') : d->text;
  size_t len;
  char *want = block_bytes(d, blank ? text_of(" %s", blank) : "", &len);
  if (len != got_len || memcmp(want, got, len)) fail_at(r, d->line, text_of("%s differs", what), diff(want, len, got, got_len));
}

static char *tree(const Result *r, const char *folder) {
  int status;
  return shell(r->work, text_of("[ ! -d '%s' ] || { cd '%s' && find . -type f | sed 's,^\\./,,' | LC_ALL=C sort; }", folder, folder), &status);
}

/* An error line "<case>:<line>:<column>: error: …" with the text in it, or behind it where there is no position. */
static bool has_error(const Result *r, const Directive *d) {
  if (!strstr(r->err, "error:") || !strstr(r->err, d->text)) return false;
  if (!d->beside_code) return true;
  char *at = text_of("%s:%d:", r->c->base, d->line);
  for (const char *line = strstr(r->err, at); line; line = strstr(line + 1, at)) {
    const char *end = strchr(line, '\n');
    char *head = strndup(line, end ? (size_t)(end - line) : strlen(line));
    if (strstr(head, "error:")) return true;
  }
  return false;
}

static void expect_file(const Result *r, const Directive *d) {
  char *name = strdup(d->text), *blank = strchr(name, ' ');
  if (blank) *blank = 0;
  size_t len;
  char *got = file_read(text_of("%s/%s", r->work, name), &len);
  if (!got) fail_at(r, d->line, text_of("%s was not written; there is", name), tree(r, "."));
  same_bytes(r, d, name, got, len);
}

static void expect(const Result *r, const Directive *d) {
  int status = 0;
  bool said = strstr(r->out, d->text) || strstr(r->err, d->text);
  switch (d->kind) {
    case GIVEN_FILE: case GIVEN_STDIN: case GIVEN_SHELL: break;
    case EXPECT_TEXT: if (!said) fail_at(r, d->line, "nobody said:", d->text); break;
    case EXPECT_NOT: if (said) fail_at(r, d->line, "must not be said:", d->text); break;
    case EXPECT_ERROR:
      if (!has_error(r, d)) fail_at(r, d->line, d->beside_code ? "no such error in this line:" : "no such error:", d->text);
      break;
    case EXPECT_STDOUT: same_bytes(r, d, "standard output", r->out, r->out_len); break;
    case EXPECT_FILE: expect_file(r, d); break;
    case EXPECT_FILES: {
      char *files = tree(r, "out");
      int n = 0;
      for (const char *at = files; *at; at++) n += *at == '\n';
      if (n != atoi(d->text)) fail_at(r, d->line, text_of("%d files below out, not %s:", n, d->text), files);
      break;
    }
    case EXPECT_TREE: {
      char *files = tree(r, *d->text ? d->text : "out");
      if (strcmp(files, d->block)) fail_at(r, d->line, "other files than expected", diff(d->block, d->block_len, files, strlen(files)));
      break;
    }
    case EXPECT_ABSENT:
      if (access(text_of("%s/%s", r->work, d->text), F_OK) == 0) fail_at(r, d->line, "must not exist:", d->text);
      break;
    case EXPECT_SHELL: {
      char *log = shell(r->work, d->text, &status);
      if (status) fail_at(r, d->line, text_of("failed: %s", d->text), log);
      break;
    }
  }
}

static void no_litter(const Result *r) {
  int status;
  char *left = shell(r->folder, "find work -name '.dcetl-*'; find tmp -mindepth 1", &status);
  if (*left) fail_at(r, 1, "temporary files were left:", left);
}

/* --- make accept --- */

static void put_block(FILE *file, const char *text, size_t len) {
  for (const char *end = text + len; text < end;) {
    const char *nl = memchr(text, '\n', (size_t)(end - text));
    size_t n = nl ? (size_t)(nl - text) : (size_t)(end - text);
    fprintf(file, n ? "--| %.*s\n" : "--|%.*s\n", (int)n, text);
    text += n + 1;
  }
}

static char *actual(const Result *r, const Directive *d, size_t *len) {
  char *name = strdup(d->text), *blank = strchr(name, ' ');
  if (blank) *blank = 0;
  char *got = d->kind == EXPECT_STDOUT ? r->out : d->kind == EXPECT_FILE ? file_read(text_of("%s/%s", r->work, name), NULL)
            : d->kind == EXPECT_TREE   ? tree(r, *d->text ? d->text : "out") : NULL;
  if (got) *len = strlen(got);
  return got;
}

/* Writes the case file anew with what the program printed and wrote. Read the diff before you commit it. */
static void accept_case(const Result *r) {
  FILE *file = fopen(r->c->path, "wb");
  if (!file) ck_abort_msg("cannot write %s", r->c->path);
  int number = 0;
  const char *line = r->c->source;
  while (*line) {
    const char *end = strchr(line, '\n');
    end = end ? end + 1 : line + strlen(line);
    number++;
    bool old_block = false;
    for (size_t i = 0; i < r->c->count; i++) {
      const Directive *d = &r->c->items[i];
      size_t len;
      if (d->block_first && number >= d->block_first && number <= d->block_last && actual(r, d, &len)) old_block = true;
    }
    if (!old_block) fwrite(line, 1, (size_t)(end - line), file);
    for (size_t i = 0; i < r->c->count; i++) {
      size_t len;
      char *got = r->c->items[i].line == number ? actual(r, &r->c->items[i], &len) : NULL;
      if (got) put_block(file, got, len);
    }
    line = end;
  }
  fclose(file);
}

/* --- The test --- */

static void same_as_first(const Result *r, const char *first) {
  int status;
  char *log = shell(r->folder, text_of("diff -r '%s/work' work && cmp '%s/stdout' stdout", first, first), &status);
  if (status) fail_at(r, 1, text_of("another result than with %s:", ways[0]), log);
  if (r->c->stderr_varies) return;
  log = shell(r->folder, text_of("diff '%s/stderr' stderr", first), &status);
  if (status) fail_at(r, 1, text_of("says something else than with %s:", ways[0]), log);
}

static void run_way(const Case *c, int way, const char *first) {
  Result r = {.c = c, .way = ways[way], .folder = text_of("%s/way%d", home, way)};
  r.work = text_of("%s/work", r.folder);
  prepare(c, r.folder, r.work);
  int status = run(c, r.way, r.folder, r.work);
  r.out = file_read(text_of("%s/stdout", r.folder), &r.out_len);
  r.err = file_read(text_of("%s/stderr", r.folder), NULL);
  if (!r.out || !r.err) ck_abort_msg("%s: its output cannot be read", c->path);
  if (accepting) {
    accept_case(&r);
    return;
  }
  for (size_t i = 0; i < c->count; i++)
    if (c->items[i].kind == EXPECT_ERROR) expect(&r, &c->items[i]);
  if (status != c->status) fail_at(&r, 1, text_of("exit status %d, not %d", status, c->status), "");
  for (size_t i = 0; i < c->count; i++) expect(&r, &c->items[i]);
  no_litter(&r);
  if (way) same_as_first(&r, first);
}

static void run_case(const char *path) {
  Case c;
  char problem[4096];
  if (!case_read(path, &c, problem, sizeof problem)) ck_abort_msg("%s", problem);
  const char *tmp = getenv("TMPDIR");
  snprintf(home, sizeof home, "%s/dcetl-case-XXXXXX", tmp && *tmp ? tmp : "/tmp");
  if (!mkdtemp(home)) ck_abort_msg("cannot make %s", home);
  const char *limit = getenv("CASES_WAYS");
  int count = accepting || c.once ? 1 : limit && atoi(limit) > 0 && atoi(limit) < WAYS ? atoi(limit) : WAYS;
  char *first = text_of("%s/way0", home);
  for (int way = 0; way < count; way++) run_way(&c, way, first);
  if (system(text_of("chmod -R u+rwx '%s' && rm -rf '%s'", home, home))) ck_abort_msg("cannot remove %s", home);
}

START_TEST(one_case) { run_case(paths[_i]); }
END_TEST

static int by_path(const FTSENT **a, const FTSENT **b) { return strcmp((*a)->fts_name, (*b)->fts_name); }

/* Why a case is left out; NULL: it is not. */
static const char *left_out(const Case *c) {
  if (c->skip || !c->needs) return c->skip;
  char *folder = strdup(getenv("DCETL")), *names = strdup(c->needs), *rest;
  *strrchr(folder, '/') = 0;
  for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
    if (!access(text_of("%s/dcetl-%s.so", folder, name), R_OK) || !access(text_of("%s/../lib/dcetl/dcetl-%s.so", folder, name), R_OK)) continue;
    return text_of("there is no module dcetl-%s.so", name);
  }
  return NULL;
}

static void collect(char **roots, size_t *skipped) {
  FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_path);
  for (FTSENT *e; walk && (e = fts_read(walk));) {
    size_t n = strlen(e->fts_name);
    if (e->fts_info != FTS_F || n < 5 || strcmp(e->fts_name + n - 4, ".tdl")) continue;
    Case c;
    char problem[4096];
    const char *why = case_read(e->fts_path, &c, problem, sizeof problem) ? left_out(&c) : NULL;
    if (why && !accepting) {
      printf("skipped %s: %s\n", e->fts_path, why);
      ++*skipped;
      continue;
    }
    paths = realloc(paths, (path_count + 1) * sizeof *paths);
    paths[path_count++] = strdup(e->fts_path);
  }
  if (walk) fts_close(walk);
}

int main(int argc, char **argv) {
  int first = 1;
  if (argc > 1 && !strcmp(argv[1], "--accept")) accepting = true, first = 2;
  char *all[] = {"tests/cases", NULL};
  size_t skipped = 0;
  const char *program = getenv("DCETL");
  char *absolute = realpath(program ? program : "build/dcetl", NULL);
  if (!absolute) return fprintf(stderr, "runner: no program %s: run make first\n", program ? program : "build/dcetl"), 2;
  setenv("DCETL", absolute, 1);
  setenv("DCETL_SOURCE", realpath(".", NULL), 1);
  setenv("LC_ALL", "C.UTF-8", 1);
  collect(argc > first ? argv + first : all, &skipped);
  if (!path_count) return printf("0 passed, 0 failed, %zu skipped\n", skipped), 0;
  Suite *suite = suite_create("cases");
  TCase *tcase = tcase_create("cases");
  tcase_set_timeout(tcase, 300);
  tcase_add_loop_test(tcase, one_case, 0, (int)path_count);
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_SILENT);
  int failed = srunner_ntests_failed(runner);
  TestResult **failures = srunner_failures(runner);
  for (int i = 0; i < failed; i++) printf("FAILED %s\n\n", tr_msg(failures[i]));
  printf("%zu passed, %d failed, %zu skipped\n", path_count - (size_t)failed, failed, skipped);
  srunner_free(runner);
  return failed != 0;
}
