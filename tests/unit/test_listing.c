/* test_listing.c - from paths, patterns, folders and lists to files. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/glob.h"
#include "io/listing.h"

static char folder[64];
static Arena arena;

static void make(const char *path) {
  char command[512];
  snprintf(command, sizeof command, "mkdir -p \"$(dirname '%s')\" && printf 'a,b\\n' > '%s'", path, path);
  ck_assert_int_eq(system(command), 0);
}

static void setup(void) {
  strcpy(folder, "/tmp/dcetl-listing-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  ck_assert_int_eq(chdir(folder), 0);
  static const char *const FILES[] = {"tree/p/x1.csv", "tree/p/y1.csv", "tree/q/x1.csv", "tree/q/sub/x2.csv", "tree/r/x3.csv",
                                      "tree/.hidden/h.csv", "tree/_tmp/t.csv", "tree/p/_SUCCESS", "tree/p/.crc", "flat/a.csv",
                                      "flat/b.csv", "flat/\xc3\xa4.csv", "odd/a,b.csv", "odd/c[1].csv", "odd/d 1.csv", "mixed/top.csv",
                                      "mixed/s/1.csv"};
  for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) make(FILES[i]);
  memset(&arena, 0, sizeof arena);
}

static void teardown(void) {
  arena_free(&arena);
  ck_assert_int_eq(chdir("/"), 0);
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  ck_assert_int_eq(system(command), 0);
}

/* The listing as text: "path path", or "group=path …", or the message. */
static const char *expanded(Value path, bool grouped) {
  static char text[4096];
  Listing listing;
  DcError err = {0};
  text[0] = 0;
  if (listing_expand(path, grouped, NULL, NULL, &arena, &listing, &err) != DC_OK) {
    snprintf(text, sizeof text, "%s%s%s", err.message, err.hint[0] ? "; " : "", err.hint);
    return text;
  }
  for (size_t i = 0; i < listing.count; i++) {
    size_t used = strlen(text);
    InputFile file = listing.files[i];
    ck_assert(file.size == 4 || !file.regular);
    if (grouped) used += (size_t)snprintf(text + used, sizeof text - used, "%.*s=", STR_ARG(file.group));
    snprintf(text + used, sizeof text - used, "%.*s%s", STR_ARG(file.path), i + 1 < listing.count ? " " : "");
  }
  listing_free(&listing);
  return text;
}

static void lists(const char *path, const char *expected) { ck_assert_str_eq(expanded(value_text(path), false), expected); }
static void groups(const char *path, const char *expected) { ck_assert_str_eq(expanded(value_text(path), true), expected); }

START_TEST(reads_folders) {
  lists("tree", "tree/p/x1.csv tree/p/y1.csv tree/q/sub/x2.csv tree/q/x1.csv tree/r/x3.csv");
  lists("tree/p/", "tree/p/x1.csv tree/p/y1.csv");
  lists("file:tree/r", "tree/r/x3.csv");
  lists("./flat/a.csv", "./flat/a.csv");
  lists("tree/p/_SUCCESS", "tree/p/_SUCCESS");
  ck_assert_int_eq(mkdir("empty", 0777), 0);
  lists("empty", "folder \"empty\" holds no file; folders are read with all below them, but for names that begin with . or _");
}
END_TEST

START_TEST(matches_patterns) {
  lists("tree/*/x*.csv", "tree/p/x1.csv tree/q/x1.csv tree/r/x3.csv");
  lists("tree/{p,q}/x1.csv", "tree/p/x1.csv tree/q/x1.csv");
  lists("tree/**/x*.csv", "tree/p/x1.csv tree/q/sub/x2.csv tree/q/x1.csv tree/r/x3.csv");
  lists("**/x2.csv", "tree/q/sub/x2.csv");
  lists("tree/q/**", "tree/q/sub/x2.csv tree/q/x1.csv");
  lists("tree/[p-q]/?1.csv", "tree/p/x1.csv tree/p/y1.csv tree/q/x1.csv");
  lists("tree/[!p]/x[13].csv", "tree/q/x1.csv tree/r/x3.csv");
  lists("tree/*", "tree/p/x1.csv tree/p/y1.csv tree/q/sub/x2.csv tree/q/x1.csv tree/r/x3.csv");
  lists("flat/{a,{b,\xc3\xa4}}.csv", "flat/a.csv flat/b.csv flat/\xc3\xa4.csv");
  lists("flat/?.csv", "flat/a.csv flat/b.csv flat/\xc3\xa4.csv");
  lists("flat/{a,a,*}.csv", "flat/a.csv flat/b.csv flat/\xc3\xa4.csv");
  lists("odd/c[1].csv", "odd/c[1].csv");
  lists("odd/c\\[?\\].csv", "odd/c[1].csv");
  lists("tree/.h*/h.csv", "tree/.hidden/h.csv");
  lists("tree/*.txt", "no file matches \"tree/*.txt\"; * stays within a folder, ** goes into all of them; "
                      "names that begin with . or _ are left out");
  char absolute[128];
  snprintf(absolute, sizeof absolute, "file://%s/flat/*a*", folder);
  ck_assert_ptr_nonnull(strstr(expanded(value_text(absolute), false), "/flat/a.csv"));
}
END_TEST

START_TEST(takes_lists) {
  lists("flat/b.csv, flat/a.csv", "flat/b.csv flat/a.csv");
  lists("tree/{p,q}/x1.csv,flat/a.csv", "tree/p/x1.csv tree/q/x1.csv flat/a.csv");
  lists("odd/a,b.csv", "odd/a,b.csv");
  Value items[] = {value_text("odd/a,b.csv"), value_text("tree/p/x*")};
  ck_assert_str_eq(expanded((Value){.type = TYPE_ARRAY, .as.array = &(Array){2, items}}, false), "odd/a,b.csv tree/p/x1.csv");
  lists("", "the path is empty; it is a file, a glob, a folder, a list of these, or '-'");
  ck_assert_str_eq(expanded(value_int(7), false), "a path must be a text or a list of texts");
}
END_TEST

START_TEST(takes_prefixes) {
  lists("tree/p/x", "tree/p/x1.csv");
  lists("fl", "flat/a.csv flat/b.csv flat/\xc3\xa4.csv");
  lists("tre/p", "no such file or folder: \"tre/p\"; did you mean \"tree\"?");
  lists("tree/p/z1.csv", "no such file or folder: \"tree/p/z1.csv\"; did you mean \"tree/p/x1.csv\"?");
  lists("flatt", "no such file or folder: \"flatt\"; did you mean \"flat\"?");
  lists("nothing-like-it", "no such file or folder: \"nothing-like-it\"; relative paths begin in the working directory, $CWD");
}
END_TEST

START_TEST(names_groups) {
  groups("tree", "p=tree/p/x1.csv p=tree/p/y1.csv q=tree/q/sub/x2.csv q=tree/q/x1.csv r=tree/r/x3.csv");
  groups("./tree/", "p=./tree/p/x1.csv p=./tree/p/y1.csv q=./tree/q/sub/x2.csv q=./tree/q/x1.csv r=./tree/r/x3.csv");
  groups("flat", "a.csv=flat/a.csv b.csv=flat/b.csv \xc3\xa4.csv=flat/\xc3\xa4.csv");
  groups("mixed", "s=mixed/s/1.csv");
  groups("tree/*/x1.csv", "p=tree/p/x1.csv q=tree/q/x1.csv");
  groups("flat/a*", "a.csv=flat/a.csv");
  groups("flat/a.csv", "a.csv=flat/a.csv");
}
END_TEST

START_TEST(finds_codecs) {
  Listing listing;
  DcError err = {0};
  ck_assert_int_eq(system("cp flat/a.csv z.zst && gzip -c flat/a.csv > unnamed"), 0);
  ck_assert_int_eq(listing_expand(value_text("z.zst,unnamed,flat/a.csv"), false, NULL, NULL, &arena, &listing, &err), DC_OK);
  ck_assert_int_eq(listing.files[0].codec, CODEC_ZSTD);
  ck_assert_int_eq(listing.files[1].codec, CODEC_GZIP);
  ck_assert_int_eq(listing.files[2].codec, CODEC_NONE);
  listing_free(&listing);
  ck_assert_int_eq(listing_expand(value_text("unnamed"), false, "none", NULL, &arena, &listing, &err), DC_OK);
  ck_assert_int_eq(listing.files[0].codec, CODEC_NONE);
  listing_free(&listing);
  make("old.csv.lzo");
  ck_assert_ptr_nonnull(strstr(expanded(value_text("old.csv.lzo"), false), "cannot be read"));
}
END_TEST

START_TEST(knows_its_limits) {
  ck_assert_ptr_nonnull(strstr(expanded(value_text("ftp://host/x"), false), "unknown storage \"ftp://\""));
  ck_assert_str_eq(expanded(value_text("-"), true), "-=-");
  ck_assert_int_eq(symlink("..", "tree/q/sub/up"), 0); /* a folder within itself */
  lists("tree/q", "tree/q/sub/x2.csv tree/q/x1.csv");
  lists("tree/q/**/x1.csv", "tree/q/x1.csv");
  ck_assert_int_eq(mkfifo("flat/pipe", 0666), 0);
  lists("flat", "flat/a.csv flat/b.csv flat/\xc3\xa4.csv");
  lists("flat/pipe", "flat/pipe");
  Buf many = {0};
  for (int i = 0; i < 20; i++) buf_text(&many, "{a,b}");
  buf_char(&many, 0);
  ck_assert_ptr_nonnull(strstr(expanded(value_text(many.data), false), "more than 10000 paths"));
  buf_free(&many);
}
END_TEST

START_TEST(matches_names) {
  static const struct {
    const char *pattern, *name;
    bool matches;
  } CASES[] = {{"*", "", true},          {"a*b*c", "aXbXbc", true}, {"a*b*c", "aXc", false},   {"[]a]", "]", true},
               {"[!]a]", "b", true},     {"[a-", "[a-", true},      {"[", "[", true},          {"?", "\xc3\xa4", true},
               {"[\xc3\xa4-\xc3\xb6]", "\xc3\xb6", true},           {"\\*", "*", true},        {"\\*", "x", false},
               {"*a", "aaab", false},    {"**", "x", true},         {"x?", "x", false},        {"[a\\]]x", "]x", true},
               {"?", "\xc3", true},      {"a", "", false},          {"", "", true},            {"*.csv", ".csv", true}};
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
    ck_assert_msg(glob_match(str_of(CASES[i].pattern), str_of(CASES[i].name)) == CASES[i].matches, "%s %s", CASES[i].pattern, CASES[i].name);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("listing");
  TCase *cases = tcase_create("all");
  tcase_add_checked_fixture(cases, setup, teardown);
  tcase_add_test(cases, reads_folders);
  tcase_add_test(cases, matches_patterns);
  tcase_add_test(cases, takes_lists);
  tcase_add_test(cases, takes_prefixes);
  tcase_add_test(cases, names_groups);
  tcase_add_test(cases, finds_codecs);
  tcase_add_test(cases, knows_its_limits);
  tcase_add_test(cases, matches_names);
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
