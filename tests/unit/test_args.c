/* test_args.c - the command line and the options of a session. */
#include <check.h>
#include <stdlib.h>

#include "cli/args.h"

static Arguments arguments;
static DcError err;

static void teardown(void) { arguments_deinit(&arguments); }

#define PARSE(...)                                                              \
  parse((const char *const[]){"dcetl", __VA_ARGS__},                            \
        (int)(sizeof((const char *const[]){"dcetl", __VA_ARGS__}) / sizeof(char *)))

static DcCode parse(const char *const *argv, int argc) {
  static const char *kept[32]; /* arguments points into argv, which is gone at the end of the caller's statement */
  ck_assert_int_le(argc, 31);
  memcpy(kept, argv, (size_t)argc * sizeof *argv);
  kept[argc] = NULL;
  memset(&err, 0, sizeof err);
  return arguments_parse(argc, kept, &arguments, &err);
}

START_TEST(scripts_and_options_in_any_order) {
  ck_assert_int_eq(PARSE("a.tdl", "-v", "A=1", "-vB=2", "-", "--var=C=x=y", "-f", "file", "-e", "RAISE 1;", "--", "-x", "y"), DC_OK);
  ck_assert_uint_eq(arguments.script_count, 3);
  ck_assert_str_eq(arguments.scripts[1].text, "-");
  ck_assert(arguments.scripts[2].is_text);
  ck_assert_uint_eq(arguments.var_count, 4);
  ck_assert_str_eq(arguments.vars[1].text, "B=2");
  ck_assert_str_eq(arguments.vars[2].text, "C=x=y");
  ck_assert(arguments.vars[3].is_file);
  ck_assert_uint_eq(arguments.rest_count, 2);
  ck_assert_str_eq(arguments.rest[0], "-x");
}
END_TEST

START_TEST(letters_can_stand_together) {
  ck_assert_int_eq(PARSE("-nq", "-t4", "x"), DC_OK);
  ck_assert_int_eq(arguments.action, ACTION_DRY_RUN);
  ck_assert_uint_eq(arguments.option_count, 2);
  ck_assert_str_eq(arguments.options[1].name, "threads");
  ck_assert_str_eq(arguments.options[1].value, "4");
}
END_TEST

START_TEST(stats_take_an_optional_file) {
  ck_assert_int_eq(PARSE("--stats", "x"), DC_OK);
  ck_assert(arguments.stats && !arguments.stats_file);
  ck_assert_uint_eq(arguments.script_count, 1);
  arguments_deinit(&arguments);
  ck_assert_int_eq(PARSE("--stats=s.json", "x"), DC_OK);
  ck_assert_str_eq(arguments.stats_file, "s.json");
}
END_TEST

START_TEST(mistakes_are_usage_errors) {
  static const struct { const char *text, *message, *hint; } cases[] = {
    {"--dryrun", "unknown option --dryrun", "did you mean --dry-run?"},
    {"-Z", "unknown option -Z", "dcetl --help lists the options"},
    {"--var", "--var needs NAME=VALUE", ""},
    {"-vA", "-v needs NAME=VALUE, not 'A'", ""},
    {"--strict=1", "--strict takes no value", ""},
    {"--progress=maybe", "--progress is auto, always or never, not 'maybe'", ""},
    {"--log-format=xml", "--log-format is text or json, not 'xml'", ""},
    {"-q", "no script to run", "usage: dcetl [options] script… [-- args]; dcetl --help tells more"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ck_assert_int_eq(PARSE(cases[i].text), DC_USAGE);
    ck_assert_str_eq(err.message, cases[i].message);
    ck_assert_str_eq(err.hint, cases[i].hint);
    arguments_deinit(&arguments);
  }
  memset(&arguments, 0, sizeof arguments);
}
END_TEST

START_TEST(help_and_version_need_no_script) {
  ck_assert_int_eq(PARSE("--help"), DC_OK);
  ck_assert_int_eq(PARSE("-V"), DC_OK);
  ck_assert_int_eq(PARSE("--functions", "ABS"), DC_OK);
  ck_assert_str_eq(arguments.scripts[0].text, "ABS");
  Buf out = {0};
  arguments_help(&out);
  buf_char(&out, 0);
  ck_assert_ptr_nonnull(strstr(out.data, "-v, --var NAME=VALUE"));
  ck_assert_ptr_nonnull(strstr(out.data, "--stats[=FILE]"));
  buf_free(&out);
}
END_TEST

START_TEST(the_command_line_wins_over_the_script) {
  Settings settings;
  settings_init(&settings);
  ck_assert_int_eq(PARSE("-t", "3", "-m", "512M", "-o", "seed=7", "x"), DC_OK);
  ck_assert_int_eq(arguments_settings(&arguments, &settings, &err), DC_OK);
  ck_assert_int_eq(settings.engine.threads, 3);
  ck_assert_uint_eq(settings.engine.memory, 512u << 20);
  ck_assert_int_eq(settings_set(&settings, str_of("threads"), str_of("8"), RANK_SCRIPT, &err), DC_OK);
  ck_assert_int_eq(settings.engine.threads, 3);
  ck_assert_int_eq(settings_set(&settings, str_of("threads"), str_of("many"), RANK_SCRIPT, &err), DC_FAIL);
  ck_assert_uint_eq(settings.engine.seed, 7);
  Str text = settings_get(&settings, str_of("memory"));
  ck_assert_uint_eq(text.len, 4);
  settings_deinit(&settings);
}
END_TEST

START_TEST(the_environment_is_weakest) {
  Settings settings;
  settings_init(&settings);
  setenv("DCETL_SEED", "5", 1);
  setenv("DCETL_BAD_RECORDS", "skip", 1);
  ck_assert_int_eq(settings_environment(&settings, &err), DC_OK);
  ck_assert_uint_eq(settings.engine.seed, 5);
  ck_assert_int_eq(settings.engine.bad_records, BAD_SKIP);
  ck_assert_int_eq(settings_set(&settings, str_of("seed"), str_of("6"), RANK_SCRIPT, &err), DC_OK);
  ck_assert_uint_eq(settings.engine.seed, 6);
  setenv("DCETL_SEED", "x", 1);
  ck_assert_int_eq(settings_environment(&settings, &err), DC_FAIL);
  ck_assert_ptr_nonnull(strstr(err.message, "DCETL_SEED"));
  unsetenv("DCETL_SEED");
  unsetenv("DCETL_BAD_RECORDS");
  settings_deinit(&settings);
}
END_TEST

START_TEST(unknown_options_are_spelled) {
  Settings settings;
  settings_init(&settings);
  memset(&err, 0, sizeof err);
  ck_assert_int_eq(settings_set(&settings, str_of("thread"), str_of("1"), RANK_SCRIPT, &err), DC_FAIL);
  ck_assert_str_eq(err.message, "unknown option 'thread'");
  ck_assert_str_eq(err.hint, "did you mean 'threads'?");
  settings_deinit(&settings);
}
END_TEST

START_TEST(sizes_of_memory) {
  static const struct { const char *text; uint64_t bytes; } good[] = {
    {"4096", 4096}, {"1k", 1024}, {"2G", (uint64_t)2 << 30}, {"512MB", 512u << 20}, {"1T", (uint64_t)1 << 40}};
  static const char *const bad[] = {"", "0", "x", "5X", "-1", "200%", "0%", "1.5G", "99999999999T", "K"};
  uint64_t bytes;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    ck_assert_int_eq(parse_memory(str_of(good[i].text), &bytes, &err), DC_OK);
    ck_assert_uint_eq(bytes, good[i].bytes);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    memset(&err, 0, sizeof err);
    ck_assert_msg(parse_memory(str_of(bad[i]), &bytes, &err) == DC_FAIL, "%s", bad[i]);
  }
  memset(&err, 0, sizeof err);
  ck_assert_int_eq(parse_memory(str_of("50%"), &bytes, &err), DC_OK);
  ck_assert_uint_gt(bytes, 1 << 20);
}
END_TEST

START_TEST(bad_record_limits) {
  Settings settings;
  settings_init(&settings);
  ck_assert_uint_eq(settings.engine.max_bad_records, UINT64_MAX);
  ck_assert_int_eq(settings_set(&settings, str_of("max_bad_records"), str_of("1%"), RANK_SCRIPT, &err), DC_OK);
  ck_assert_double_eq(settings.engine.max_bad_share, 0.01);
  ck_assert_int_eq(settings_set(&settings, str_of("max_bad_records"), str_of("12"), RANK_SCRIPT, &err), DC_OK);
  ck_assert_uint_eq(settings.engine.max_bad_records, 12);
  ck_assert_double_eq(settings.engine.max_bad_share, 0);
  settings_deinit(&settings);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("args");
  TCase *tests = tcase_create("all");
  tcase_add_checked_fixture(tests, NULL, teardown);
  tcase_add_test(tests, scripts_and_options_in_any_order);
  tcase_add_test(tests, letters_can_stand_together);
  tcase_add_test(tests, stats_take_an_optional_file);
  tcase_add_test(tests, mistakes_are_usage_errors);
  tcase_add_test(tests, help_and_version_need_no_script);
  tcase_add_test(tests, the_command_line_wins_over_the_script);
  tcase_add_test(tests, the_environment_is_weakest);
  tcase_add_test(tests, unknown_options_are_spelled);
  tcase_add_test(tests, sizes_of_memory);
  tcase_add_test(tests, bad_record_limits);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
