/* test_xml.c - rows of XML come out alike wherever the text is cut into pieces, and a text that ends too early is an error. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/module.h"
#include "io/xml_module.h"
#include "io/xml_rows.h"

static const char TEXT[] =
    "<?xml version='1.0'?><!-- c --><!DOCTYPE r [<!ENTITY e 'E<b>x</b>'>]><r><v id='1&amp;2' x='&#xe4;'>a &e; b</v><w/>"
    "<v><![CDATA[<raw>]]><n> </n> <n>2</n></v><v/>tail</r>";

static DcCode print_row(void *self, const Value *cells, DcError *err) {
  (void)err;
  for (int i = 0; i < 4; i++) {
    value_print(self, cells[i]);
    buf_char(self, i < 3 ? '|' : '\n');
  }
  return DC_OK;
}

static DcCode print_object(void *self, const Value *cells, DcError *err) {
  (void)err;
  value_print(self, cells[0]);
  buf_char(self, '\n');
  return DC_OK;
}

/* Parses the first len bytes in pieces of `size`; gives what came out. */
static DcCode parse(size_t len, size_t size, bool objects, Buf *out) {
  Arena arena = {0};
  DcError err = {0};
  XmlPath row, columns[4];
  static const char *const names[] = {"@id", "@x", ".", "n[2]"};
  ck_assert_int_eq(xml_row_path(str_of("/r/v"), &arena, &row, &err), DC_OK);
  for (int i = 0; i < 4; i++) ck_assert_int_eq(xml_column_path(str_of(names[i]), &arena, &columns[i], &err), DC_OK);
  XmlShape shape = {.row = row, .columns = columns, .column_count = objects ? 0 : 4, .most = 1 << 20};
  XmlRows *rows;
  out->len = 0;
  DcCode code = xml_rows_new("t", &shape, objects ? print_object : print_row, out, &rows, &err);
  ck_assert_msg(code == DC_OK, "%s", err.message);
  for (size_t at = 0; at < len && code == DC_OK; at += size) code = xml_rows_parse(rows, TEXT + at, len - at < size ? len - at : size, false, &err);
  if (code == DC_OK) code = xml_rows_parse(rows, "", 0, true, &err);
  xml_rows_free(rows);
  arena_free(&arena);
  return code;
}

START_TEST(pieces_do_not_matter) {
  static const char *const expected[] = {"1&2|ä|a E b|null\nnull|null|<raw>|2\nnull|null||null\n",
                                         "{\"@id\":\"1&2\",\"@x\":\"ä\",\"b\":\"x\",\"#text\":\"a E b\"}\n{\"n\":[\" \",\"2\"],\"#text\":\"<raw>\"}\n{}\n"};
  Buf out = {0};
  for (int objects = 0; objects < 2; objects++)
    for (size_t size = 1; size <= sizeof TEXT; size++) {
      ck_assert_int_eq(parse(sizeof TEXT - 1, size, objects, &out), DC_OK);
      ck_assert_msg(str_is(str_make(out.data, out.len), expected[objects]), "pieces of %zu: %.*s", size, (int)out.len, out.data);
    }
  buf_free(&out);
}
END_TEST

START_TEST(each_cut_is_an_error) {
  Buf out = {0};
  for (size_t len = 0; len < sizeof TEXT - 1; len++) ck_assert_int_ne(parse(len, 7, len % 2, &out), DC_OK);
  buf_free(&out);
}
END_TEST

START_TEST(reads_paths) {
  static const char *const wrong[] = {"", "/", "a/", "a//", "@", "@*", "a[0]", "a[x]", "a[1", "a b", "a/@b/c", "//a", "/a", "a//b", "a[99999999999]"};
  Arena arena = {0};
  XmlPath path;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    DcError err = {0};
    ck_assert_msg(xml_column_path(str_of(wrong[i]), &arena, &path, &err) != DC_OK, "%s", wrong[i]);
  }
  DcError err = {0};
  static const char *const elements[] = {"a", "x:b", "c", "b", "c"};
  static const struct { const char *path; bool fits; } rows[] = {
    {"a/b/c/b/c", true}, {"//c", true}, {"a//b/c", true}, {"a//c/c", false}, {"//x:b//c", true}, {"//y:b//c", false}, {"b/c", false}, {"a/*/*/*/*", true}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    ck_assert_int_eq(xml_row_path(str_of(rows[i].path), &arena, &path, &err), DC_OK);
    ck_assert_msg(xml_path_leads_to(&path, elements, 5) == rows[i].fits, "%s", rows[i].path);
  }
  arena_free(&arena);
}
END_TEST

int main(void) {
  const void *module;
  Module wanted = {.name = "xml", .symbol = "dcetl_xml_module", .version = XML_MODULE_VERSION, .what = "XML", .package = "libexpat"};
  if (module_need(&wanted, &module, &(DcError){0}) != DC_OK) return puts("skipped: no dcetl-xml.so"), 0;
  Suite *suite = suite_create("xml");
  TCase *cases = tcase_create("all");
  tcase_add_test(cases, pieces_do_not_matter);
  tcase_add_test(cases, each_cut_is_an_error);
  tcase_add_test(cases, reads_paths);
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
