/* test_stage.c - output that appears whole or not at all. */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/mem.h"
#include "io/fault.h"
#include "io/stage.h"

static char folder[64];

static void setup(void) {
  strcpy(folder, "/tmp/dcetl-stage-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  ck_assert_int_eq(chdir(folder), 0);
  io_fail_after(0);
  io_fail_rename_after(0);
}

static void run(const char *command) { ck_assert_msg(system(command) == 0, "%s", command); }

static void teardown(void) {
  ck_assert_int_eq(chdir("/"), 0);
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  run(command);
}

/* All below the folder: "name=content" for files, "name/" for folders, in order. Freed by the caller. */
static char *tree(void) {
  FILE *list = popen("find . -mindepth 1 | LC_ALL=C sort | while read -r f; do "
                     "if [ -d \"$f\" ]; then echo \"${f#./}/\"; else echo \"${f#./}=$(tr '\\n' ';' <\"$f\")\"; fi; done", "r");
  ck_assert_ptr_nonnull(list);
  char *text = calloc(1, 1 << 16);
  size_t n = fread(text, 1, (1 << 16) - 1, list);
  ck_assert_int_eq(pclose(list), 0);
  for (size_t i = 0; i < n; i++)
    if (text[i] == '\n') text[i] = ' ';
  return text;
}

static void tree_is(const char *expected) {
  char *text = tree();
  ck_assert_str_eq(text, expected);
  free(text);
}

static void works(DcCode code, const DcError *err) { ck_assert_msg(code == DC_OK, "%s", err->message); }

static Stage *opened(const char *root, StageMode mode) {
  DcError err = {0};
  Stage *stage = NULL;
  works(stage_open(str_of(root), &(StageOptions){.mode = mode}, &stage, &err), &err);
  return stage;
}

/* Declares a dataset with one part and writes text to it; returns the first failure. */
static DcCode add_part(Stage *stage, const char *name, const char *text, DcError *err) {
  bool skip;
  uint32_t first, file;
  DC_TRY(stage_dataset(stage, str_of(name), false, str_of(""), &skip, &first, err));
  if (skip) return DC_OK;
  char path[256];
  snprintf(path, sizeof path, "%s%spart-%05u", name, *name ? "/" : "", first);
  DC_TRY(stage_file(stage, str_of(path), &file, err));
  return stage_write(stage, file, text, strlen(text), err);
}

static DcCode add_single(Stage *stage, const char *name, const char *text, DcError *err) {
  bool skip;
  uint32_t first, file;
  DC_TRY(stage_dataset(stage, str_of(name), true, str_of(".csv"), &skip, &first, err));
  if (skip) return DC_OK;
  char path[256];
  snprintf(path, sizeof path, "%s.csv", name);
  DC_TRY(stage_file(stage, str_of(path), &file, err));
  return stage_write(stage, file, text, strlen(text), err);
}

START_TEST(commits) {
  DcError err = {0};
  uint32_t file;
  Stage *stage = opened("new/out/", STAGE_ERROR);
  works(add_part(stage, "a/b", "one\n", &err), &err);
  works(add_single(stage, "s", "two\n", &err), &err);
  works(stage_file(stage, str_of("a/b/part-00001"), &file, &err), &err);
  ck_assert_int_ne(access("new/out/s.csv", F_OK), 0);
  ck_assert_uint_eq(stage_bytes(stage), 8);
  ck_assert_uint_eq(stage_files(stage), 3);
  works(stage_commit(stage, &err), &err);
  tree_is("new/ new/out/ new/out/a/ new/out/a/b/ new/out/a/b/part-00000=one; new/out/a/b/part-00001= new/out/s.csv=two; ");
}
END_TEST

START_TEST(aborts) {
  DcError err = {0};
  Stage *stage = opened("new/out", STAGE_ERROR);
  works(add_part(stage, "a", "one\n", &err), &err);
  stage_abort(stage);
  stage_abort(NULL);
  tree_is("");
  run("mkdir new");
  stage = opened("new/out", STAGE_ERROR);
  works(add_part(stage, "a", "one\n", &err), &err);
  stage_abort(stage);
  tree_is("new/ ");
  works(stage_commit(opened("nothing", STAGE_ERROR), &err), &err);
  tree_is("new/ ");
}
END_TEST

START_TEST(refuses_existing_output) {
  DcError err = {0};
  run("mkdir -p out/p/1/sub out/empty && echo x > out/p/1/part-00000 && echo y > out/s.csv && echo z > out/p/1/sub/f");
  Stage *stage = opened("out", STAGE_ERROR);
  ck_assert_int_eq(add_part(stage, "p/1", "n\n", &err), DC_FAIL);
  ck_assert_str_eq(err.message, "\"out/p/1\" exists already");
  ck_assert_str_eq(err.hint, "use @mode = 'overwrite', 'append' or 'ignore'");
  dc_error_clear(&err);
  ck_assert_int_eq(add_single(stage, "s", "n\n", &err), DC_FAIL);
  ck_assert_str_eq(err.message, "\"out/s.csv\" exists already");
  dc_error_clear(&err);
  works(add_part(stage, "p", "n\n", &err), &err); /* holds folders only */
  works(add_part(stage, "empty", "e\n", &err), &err);
  works(stage_commit(stage, &err), &err);
  tree_is("out/ out/empty/ out/empty/part-00000=e; out/p/ out/p/1/ out/p/1/part-00000=x; out/p/1/sub/ out/p/1/sub/f=z; "
          "out/p/part-00000=n; out/s.csv=y; ");
}
END_TEST

START_TEST(ignores_existing_output) {
  DcError err = {0};
  run("mkdir -p out/a && echo x > out/a/part-00000 && echo y > out/s.csv");
  Stage *stage = opened("out", STAGE_IGNORE);
  works(add_part(stage, "a", "n\n", &err), &err);
  works(add_single(stage, "s", "n\n", &err), &err);
  works(add_part(stage, "b", "n\n", &err), &err);
  works(stage_commit(stage, &err), &err);
  tree_is("out/ out/a/ out/a/part-00000=x; out/b/ out/b/part-00000=n; out/s.csv=y; ");
}
END_TEST

static DcCode append_to(const char *root, DcError *err) {
  Stage *stage = opened(root, STAGE_APPEND);
  DcCode code = add_part(stage, "a", "new\n", err);
  if (code == DC_OK) code = add_single(stage, "s", "more\n", err);
  if (code == DC_OK) code = add_single(stage, "t", "first\n", err);
  if (code == DC_OK) return stage_commit(stage, err);
  stage_abort(stage);
  return code;
}

START_TEST(appends) {
  DcError err = {0};
  run("mkdir -p out/a && echo x > out/a/part-00007.csv && echo o > out/a/other && echo y > out/s.csv");
  works(append_to("out", &err), &err);
  tree_is("out/ out/a/ out/a/other=o; out/a/part-00007.csv=x; out/a/part-00008=new; out/s.csv=y;more; out/t.csv=first; ");
}
END_TEST

static DcCode overwrite(const char *root, DcError *err) {
  Stage *stage = opened(root, STAGE_OVERWRITE);
  DcCode code = add_part(stage, "p/1", "new\n", err);
  if (code == DC_OK) code = add_part(stage, "p/2", "new\n", err);
  if (code == DC_OK) code = add_single(stage, "s", "new\n", err);
  if (code == DC_OK) return stage_commit(stage, err);
  stage_abort(stage);
  return code;
}

static const char *const OLD = "mkdir -p out/p/1/a && echo 0 > out/p/1/part-00000 && echo 1 > out/p/1/part-00001 && "
                               "echo h > out/p/1/.hidden && echo k > out/p/1/a/part-00000 && echo y > out/s.csv";

START_TEST(overwrites) {
  DcError err = {0};
  run(OLD);
  works(overwrite("out", &err), &err);
  tree_is("out/ out/p/ out/p/1/ out/p/1/.hidden=h; out/p/1/a/ out/p/1/a/part-00000=k; out/p/1/part-00000=new; "
          "out/p/2/ out/p/2/part-00000=new; out/s.csv=new; ");
}
END_TEST

/* Each rename and each write fails once: all must be as it was. */
static void fail_everywhere(void (*fail_after)(int n), DcCode (*action)(const char *root, DcError *err), int least) {
  char *before = tree();
  int n = 1;
  for (;; n++) {
    DcError err = {0};
    fail_after(n);
    DcCode code = action("out", &err);
    fail_after(0);
    if (code == DC_OK) break;
    ck_assert_int_eq(strncmp(err.message, "cannot ", 7), 0);
    char *after = tree();
    ck_assert_str_eq(after, before);
    free(after);
  }
  ck_assert_int_gt(n, least);
  free(before);
}

START_TEST(takes_failures_back) {
  fail_everywhere(io_fail_after, overwrite, 3);
  run("rm -rf out");
  run(OLD);
  fail_everywhere(io_fail_rename_after, overwrite, 4);
  run("rm -rf out");
  run(OLD);
  run("mkdir -p out/a && echo x > out/a/part-00000");
  fail_everywhere(io_fail_rename_after, append_to, 3);
  run("rm -rf out");
  fail_everywhere(io_fail_rename_after, overwrite, 1);
}
END_TEST

/* As on file systems that cannot exchange two names. */
START_TEST(swaps_in_two_steps) {
  DcError err = {0};
  io_refuse_exchange(true);
  run(OLD);
  fail_everywhere(io_fail_rename_after, overwrite, 4);
  run("rm -rf out");
  run("mkdir -p out/p/1 && echo 0 > out/p/1/part-00000 && echo 1 > out/p/1/part-00001 && echo y > out/s.csv");
  fail_everywhere(io_fail_rename_after, overwrite, 2);
  works(overwrite("out", &err), &err);
  tree_is("out/ out/p/ out/p/1/ out/p/1/part-00000=new; out/p/2/ out/p/2/part-00000=new; out/s.csv=new; ");
  io_refuse_exchange(false);
}
END_TEST

/* Runs action in a process of its own, which is killed at the nth step; false: it came to its end. */
static bool killed_at(int n, DcCode (*action)(const char *root, DcError *err)) {
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    DcError err = {0};
    fault_kill_after(n);
    _exit(action("out", &err) == DC_OK ? 0 : 1);
  }
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
  return WIFSIGNALED(status);
}

/* At each step: whoever reads next sees the old or the new output. */
static void kill_everywhere(const char *prepare, DcCode (*action)(const char *root, DcError *err), int least) {
  run(prepare);
  char *old = tree(), *new = NULL;
  int completed = 0;
  ck_assert(!killed_at(0, action));
  new = tree();
  for (int n = 1;; n++) {
    DcError err = {0};
    run("rm -rf out");
    run(prepare);
    if (!killed_at(n, action)) break;
    works(stage_settle("out/p/1", &err), &err);
    char *after = tree();
    completed += strcmp(after, new) == 0;
    if (strcmp(after, new) != 0) ck_assert_str_eq(after, old);
    free(after);
  }
  ck_assert_int_ge(completed, least);
  free(old);
  free(new);
}

START_TEST(completes_what_was_killed) {
  kill_everywhere(OLD, overwrite, 4);
  run("rm -rf out");
  kill_everywhere("mkdir -p out/a && echo x > out/a/part-00007", append_to, 3);
  run("rm -rf out");
  io_refuse_exchange(true);
  kill_everywhere(OLD, overwrite, 4);
  io_refuse_exchange(false);
}
END_TEST

/* A commit in out that was killed when it had begun. */
static void leave_half(void) {
  run(OLD);
  for (int n = 1; access("out/p/2", F_OK) != 0; n++) {
    run("rm -rf out");
    run(OLD);
    ck_assert(killed_at(n, overwrite));
  }
}

/* Who may not complete a commit does not read half of it; other folders are of no concern. */
START_TEST(refuses_half_a_commit) {
  DcError err = {0};
  Stage *stage;
  run("chmod 755 .");
  leave_half();
  run("mkdir other && chmod -R a+rX . && chmod 555 out");
  bool privileged = geteuid() == 0;
  if (privileged) ck_assert_int_eq(seteuid(65534), 0);
  run("chmod 644 out/.dcetl-lock 2>/dev/null; true");
  ck_assert_int_eq(stage_settle("out/p", &err), DC_FAIL);
  ck_assert_ptr_nonnull(strstr(err.message, "that cannot be completed: "));
  dc_error_clear(&err);
  ck_assert_int_eq(stage_settle("out", &err), DC_FAIL);
  dc_error_clear(&err);
  works(stage_settle("out/q", &err), &err);
  works(stage_settle("other", &err), &err);
  if (privileged) ck_assert_int_eq(seteuid(0), 0);
  run("chmod 755 out");
  works(stage_open(str_of("out/p"), &(StageOptions){.mode = STAGE_APPEND}, &stage, &err), &err);
  works(add_part(stage, "3", "n\n", &err), &err);
  stage_abort(stage);
  tree_is("other/ out/ out/p/ out/p/1/ out/p/1/.hidden=h; out/p/1/a/ out/p/1/a/part-00000=k; out/p/1/part-00000=new; "
          "out/p/2/ out/p/2/part-00000=new; out/s.csv=new; ");
}
END_TEST

/* A journal that is not what a run wrote is never followed, and nothing is removed with it. */
START_TEST(refuses_damaged_journals) {
  static const char *const DAMAGES[] = {"truncate -s -1 $j", ": > $j", "printf x >> $j", "sed -i s/part/trap/ $j", "echo other > $j"};
  for (size_t i = 0; i < sizeof DAMAGES / sizeof *DAMAGES; i++) {
    DcError err = {0};
    char command[256];
    leave_half();
    snprintf(command, sizeof command, "j=$(echo out/.dcetl-*/journal); %s", DAMAGES[i]);
    run(command);
    char *before = tree();
    ck_assert_int_eq(stage_settle("out", &err), DC_FAIL);
    ck_assert_ptr_nonnull(strstr(err.message, "/journal is damaged: outputs below "));
    ck_assert_int_eq(strncmp(err.hint, "look at them, then remove the folder ", 37), 0);
    char *after = tree();
    ck_assert_str_eq(after, before);
    free(before);
    free(after);
    run("rm -rf out");
  }
}
END_TEST

START_TEST(notices_collisions) {
  DcError err = {0};
  uint32_t file;
  Stage *stage = opened("out", STAGE_ERROR);
  works(stage_file(stage, str_of("a/x"), &file, &err), &err);
  works(stage_write(stage, file, "1", 1, &err), &err);
  works(stage_file(stage, str_of("a/x"), &file, &err), &err);
  ck_assert_int_eq(stage_write(stage, file, "1", 1, &err), DC_FAIL);
  ck_assert_str_eq(err.message, "\"out/a/x\" would be written twice");
  dc_error_clear(&err);
  works(stage_file(stage, str_of("a/x/y"), &file, &err), &err);
  ck_assert_int_eq(stage_write(stage, file, "1", 1, &err), DC_FAIL);
  ck_assert_str_eq(err.message, "cannot write out/a/x/y: Not a directory");
  stage_abort(stage);
  tree_is("");
  run("mkdir -p out/p.csv && echo f > out/q");
  stage = opened("out", STAGE_OVERWRITE);
  dc_error_clear(&err);
  ck_assert_int_eq(add_single(stage, "p", "n\n", &err), DC_FAIL);
  ck_assert_str_eq(err.message, "\"out/p.csv\" is a folder, not a file");
  dc_error_clear(&err);
  ck_assert_int_eq(add_part(stage, "q", "n\n", &err), DC_FAIL);
  stage_abort(stage);
  dc_error_clear(&err);
  ck_assert_int_eq(stage_open(str_of("out/q"), &(StageOptions){.mode = STAGE_ERROR}, &stage, &err), DC_FAIL);
  ck_assert_str_eq(err.message, "\"out/q\" is a file, not a folder");
  dc_error_clear(&err);
  ck_assert_int_eq(stage_open(str_of("out/q/r/s"), &(StageOptions){.mode = STAGE_ERROR}, &stage, &err), DC_FAIL);
  ck_assert_str_eq(err.message, "\"out/q\" is a file, not a folder");
  tree_is("out/ out/p.csv/ out/q=f; ");
}
END_TEST

/* Output that another program makes while a stage is open is not replaced. */
START_TEST(notices_late_output) {
  DcError err = {0};
  Stage *stage = opened("out", STAGE_ERROR);
  works(add_part(stage, "a", "mine\n", &err), &err);
  works(add_part(stage, "b", "mine\n", &err), &err);
  run("mkdir -p out/a && echo theirs > out/a/part-00000");
  ck_assert_int_eq(stage_commit(stage, &err), DC_FAIL);
  ck_assert_str_eq(err.message, "\"out/a/part-00000\" exists already");
  tree_is("out/ out/a/ out/a/part-00000=theirs; ");
}
END_TEST

static void is_taken(const char *root, const char *name, const char *message) {
  DcError err = {0};
  Stage *stage = opened(root, STAGE_OVERWRITE);
  ck_assert_int_eq(add_part(stage, name, "theirs\n", &err), DC_FAIL);
  ck_assert_int_eq(strncmp(err.message, message, strlen(message)), 0);
  ck_assert_ptr_nonnull(strstr(err.message, " is being written by another run (process "));
  stage_abort(stage);
}

static void is_free(const char *root, const char *name) {
  DcError err = {0};
  Stage *stage = opened(root, STAGE_OVERWRITE);
  works(add_part(stage, name, "theirs\n", &err), &err);
  stage_abort(stage);
}

/* What one stage has declared no other may, nor what lies above or within it; whatever their roots are. */
START_TEST(claims_outputs) {
  DcError err = {0};
  run("mkdir -p out/p/1 out/b && ln -s out other");
  Stage *stage = opened("out", STAGE_ERROR);
  works(add_part(stage, "p/1", "mine\n", &err), &err);
  works(add_single(stage, "s", "mine\n", &err), &err);
  works(add_part(stage, "new/a", "mine\n", &err), &err);
  is_taken("out", "p/1", "\"out/p/1\"");
  is_taken("out", "p", "\"out/p\"");
  is_taken("out", "p/1/deep", "\"out/p/1/deep\"");
  is_taken("out/p", "1", "\"out/p/1\"");
  is_taken("out/p/1", "x/y", "\"out/p/1/x/y\"");
  is_taken("out/new", "a", "\"out/new/a\"");
  is_taken(".", "out", "\"./out\"");
  is_taken("other/../out", "p/1", "\"other/../out/p/1\"");
  is_taken("other", "p/1", "\"other/p/1\"");
  is_free("out", "p/2");
  is_free("out", "b");
  is_free("out/b", "p");
  is_free("out", "new/b");
  is_free("out/p", "2");
  is_free(".", "p/1");
  works(stage_commit(stage, &err), &err);
  is_free("out", "p/1");
  tree_is("other/ out/ out/b/ out/new/ out/new/a/ out/new/a/part-00000=mine; out/p/ out/p/1/ out/p/1/part-00000=mine; out/s.csv=mine; ");
}
END_TEST

/* A stage in a folder within, found on the way down. */
START_TEST(claims_outputs_below) {
  DcError err = {0};
  run("mkdir -p out/p/1");
  Stage *stage = opened("out/p/1", STAGE_ERROR);
  works(add_part(stage, "x/y", "mine\n", &err), &err);
  is_taken("out", "p/1", "\"out/p/1\"");
  is_taken("out", "p/1/x", "\"out/p/1/x\"");
  is_taken("out", "p/1/x/y", "\"out/p/1/x/y\"");
  is_taken("out/p", "1/x/y/z", "\"out/p/1/x/y/z\"");
  is_free("out", "p/1/z");
  is_free("out", "p/2");
  stage_abort(stage);
  tree_is("out/ out/p/ out/p/1/ ");
}
END_TEST

/* Two runs that make one folder: each puts its own outputs into it. */
START_TEST(shares_new_folders) {
  DcError err = {0};
  Stage *one = opened("new/out", STAGE_ERROR), *other = opened("new/out", STAGE_ERROR);
  works(add_part(one, "a", "1\n", &err), &err);
  works(add_part(other, "b", "2\n", &err), &err);
  is_taken("new", "out/a", "\"new/out/a\"");
  works(stage_commit(one, &err), &err);
  is_taken("new/out", "b", "\"new/out/b\"");
  works(stage_commit(other, &err), &err);
  tree_is("new/ new/out/ new/out/a/ new/out/a/part-00000=1; new/out/b/ new/out/b/part-00000=2; ");
}
END_TEST

/* All below a group is claimed, before its datasets are known. */
START_TEST(claims_groups) {
  DcError err = {0};
  Stage *stage = opened("out", STAGE_ERROR);
  works(stage_group(stage, str_of("g"), &err), &err);
  is_taken("out", "g/x=1", "\"out/g/x=1\"");
  is_taken("out/g", "x=2", "\"out/g/x=2\"");
  works(add_part(stage, "g/x=1", "1\n", &err), &err);
  works(stage_commit(stage, &err), &err);
  tree_is("out/ out/g/ out/g/x=1/ out/g/x=1/part-00000=1; ");
}
END_TEST

/* Beyond a bound a run claims the whole folder; two in one folder then are too many. */
START_TEST(claims_all_of_many) {
  DcError err = {0};
  bool skip;
  uint32_t first;
  run("mkdir out");
  Stage *stage = opened("out", STAGE_ERROR);
  for (int i = 0; i < 3000; i++) {
    char name[32];
    snprintf(name, sizeof name, "d%d/x", i);
    works(stage_dataset(stage, str_of(name), false, str_of(""), &skip, &first, &err), &err);
    if (i == 100) is_free("out", "z");
  }
  is_taken("out", "z", "\"out/z\"");
  is_taken(".", "out/z", "\"./out/z\"");
  stage_abort(stage);
  is_free("out", "z");
  tree_is("out/ ");
}
END_TEST

START_TEST(checks_names) {
  static const char *const BAD[] = {"..", "a/../b", "a//b", "/a", "a/", ".", "a/./b", ".dcetl-1-1/x"};
  Stage *stage = opened("out", STAGE_ERROR);
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
    DcError err = {0};
    uint32_t file;
    ck_assert_int_eq(add_part(stage, BAD[i], "x", &err), DC_FAIL);
    dc_error_clear(&err);
    ck_assert_int_eq(stage_file(stage, str_of(BAD[i]), &file, &err), DC_FAIL);
  }
  DcError err = {0};
  ck_assert_int_eq(add_single(stage, "", "x", &err), DC_FAIL);
  dc_error_clear(&err);
  ck_assert_int_eq(stage_open(str_of("ftp://x"), &(StageOptions){.mode = STAGE_ERROR}, &stage, &err), DC_FAIL);
  dc_error_clear(&err);
  works(add_part(stage, "", "root\n", &err), &err);
  works(add_part(stage, "p/1/a", "nested\n", &err), &err);
  works(add_part(stage, "p/1", "outer\n", &err), &err);
  works(stage_commit(stage, &err), &err);
  tree_is("out/ out/p/ out/p/1/ out/p/1/a/ out/p/1/a/part-00000=nested; out/p/1/part-00000=outer; out/part-00000=root; ");
}
END_TEST

/* Said when the stage is opened, before anything is computed. */
START_TEST(refuses_folders_without_permission) {
  DcError err = {0};
  Stage *stage;
  run("chmod 755 . && mkdir -m 555 closed");
  bool privileged = geteuid() == 0;
  if (privileged) ck_assert_int_eq(seteuid(65534), 0);
  ck_assert_int_eq(stage_open(str_of("closed/x/y"), &(StageOptions){.mode = STAGE_ERROR}, &stage, &err), DC_FAIL);
  if (privileged) ck_assert_int_eq(seteuid(0), 0);
  ck_assert_str_eq(err.message, "cannot write to folder closed: Permission denied");
}
END_TEST

START_TEST(reports_full_disks) {
  DcError err = {0};
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit limit = {1000, 1000};
  ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
  Stage *stage = opened("out", STAGE_ERROR);
  static char text[1501];
  memset(text, 'x', 1500);
  ck_assert_int_eq(add_part(stage, "a", text, &err), DC_FAIL); /* written in part, then an error */
  ck_assert_str_eq(err.message, "cannot write out/a/part-00000: File too large");
  ck_assert_uint_eq(stage_bytes(stage), 1000);
  stage_abort(stage);
  tree_is("");
}
END_TEST

START_TEST(writes_many_parts) {
  DcError err = {0};
  uint32_t file;
  enum { PARTS = 5000 };
  static struct iovec parts[PARTS];
  for (size_t i = 0; i < PARTS; i++) parts[i] = (struct iovec){(void *)(uintptr_t)"ab", i % 3};
  Stage *stage = opened("out", STAGE_ERROR);
  works(stage_file(stage, str_of("f"), &file, &err), &err);
  works(stage_writev(stage, file, parts, PARTS, &err), &err);
  works(stage_commit(stage, &err), &err);
  struct stat status;
  ck_assert_int_eq(stat("out/f", &status), 0);
  ck_assert_int_eq(status.st_size, PARTS - 1); /* 1,666 times 0 + 1 + 2, then 0 and 1 */
}
END_TEST

enum { FILES = 500, ROUNDS = 4, THREADS = 4 };

typedef struct Writer {
  Stage *stage;
  unsigned number;
  DcCode code;
  DcError err;
} Writer;

/* Each writer has its own files and appends to them in turn. */
static void *write_files(void *context) {
  Writer *writer = context;
  for (unsigned round = 0; round < ROUNDS && writer->code == DC_OK; round++)
    for (uint32_t file = writer->number; file < FILES && writer->code == DC_OK; file += THREADS) {
      char line[64];
      int len = snprintf(line, sizeof line, "%u %u\n", file, round);
      writer->code = stage_write(writer->stage, file, line, (size_t)len, &writer->err);
    }
  return NULL;
}

static Stage *declare_files(void) {
  Stage *stage = opened("out", STAGE_ERROR);
  for (unsigned i = 0; i < FILES; i++) {
    DcError err = {0};
    char name[64];
    uint32_t file;
    snprintf(name, sizeof name, "d%u/f%u", i % 50, i);
    works(stage_file(stage, str_of(name), &file, &err), &err);
    ck_assert_uint_eq(file, i);
  }
  return stage;
}

static void start(Stage *stage, Writer *writers, pthread_t *threads) {
  for (unsigned t = 0; t < THREADS; t++) {
    writers[t] = (Writer){.stage = stage, .number = t};
    ck_assert_int_eq(pthread_create(&threads[t], NULL, write_files, &writers[t]), 0);
  }
}

static void check_files(void) {
  for (unsigned i = 0; i < FILES; i++) {
    char name[64], expected[256] = "", text[256];
    snprintf(name, sizeof name, "out/d%u/f%u", i % 50, i);
    for (unsigned round = 0; round < ROUNDS; round++) snprintf(expected + strlen(expected), 32, "%u %u\n", i, round);
    FILE *file = fopen(name, "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    ck_assert_str_eq(text, expected);
  }
}

static void write_from_threads(void) {
  DcError err = {0};
  Writer writers[THREADS];
  pthread_t threads[THREADS];
  Stage *stage = declare_files();
  start(stage, writers, threads);
  for (unsigned t = 0; t < THREADS; t++) {
    pthread_join(threads[t], NULL);
    works(writers[t].code, &writers[t].err);
  }
  works(stage_commit(stage, &err), &err);
  check_files();
}

START_TEST(writes_from_threads) { write_from_threads(); }
END_TEST

/* Far fewer descriptors than files. check runs each test in its own process. */
START_TEST(needs_few_descriptors) {
  struct rlimit limit = {32, 32};
  ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
  write_from_threads();
}
END_TEST

/* Less than the stage counts on: others hold nearly all of them. */
START_TEST(shares_descriptors) {
  struct rlimit limit = {32, 32};
  ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
  for (int fd = dup(0); fd >= 0 && fd < 25;) fd = dup(0);
  write_from_threads();
}
END_TEST

START_TEST(aborts_all) {
  Writer writers[THREADS];
  pthread_t threads[THREADS];
  DcError err = {0};
  Stage *stage = declare_files(), *other = opened("other/x", STAGE_ERROR);
  works(add_part(other, "a", "n\n", &err), &err);
  start(stage, writers, threads);
  usleep(2000);
  stage_abort_all();
  for (unsigned t = 0; t < THREADS; t++) pthread_join(threads[t], NULL);
  tree_is("");
  ck_assert_int_eq(stage_commit(other, &err), DC_FAIL);
  stage_abort(stage);
  tree_is("");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("stage");
  TCase *cases = tcase_create("all");
  tcase_set_timeout(cases, 120);
  tcase_add_checked_fixture(cases, setup, teardown);
  tcase_add_test(cases, commits);
  tcase_add_test(cases, aborts);
  tcase_add_test(cases, refuses_existing_output);
  tcase_add_test(cases, ignores_existing_output);
  tcase_add_test(cases, appends);
  tcase_add_test(cases, overwrites);
  tcase_add_test(cases, takes_failures_back);
  tcase_add_test(cases, swaps_in_two_steps);
  tcase_add_test(cases, completes_what_was_killed);
  tcase_add_test(cases, refuses_half_a_commit);
  tcase_add_test(cases, refuses_damaged_journals);
  tcase_add_test(cases, notices_collisions);
  tcase_add_test(cases, notices_late_output);
  tcase_add_test(cases, claims_outputs);
  tcase_add_test(cases, claims_outputs_below);
  tcase_add_test(cases, shares_new_folders);
  tcase_add_test(cases, claims_groups);
  tcase_add_test(cases, claims_all_of_many);
  tcase_add_test(cases, checks_names);
  tcase_add_test(cases, refuses_folders_without_permission);
  tcase_add_test(cases, reports_full_disks);
  tcase_add_test(cases, writes_many_parts);
  tcase_add_test(cases, writes_from_threads);
  tcase_add_test(cases, needs_few_descriptors);
  tcase_add_test(cases, shares_descriptors);
  tcase_add_test(cases, aborts_all);
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
