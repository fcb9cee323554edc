/* case.h - one test case: what tests/cases/<area>/<name>.tdl says in its comments. tests/README.md lists the directives. */
#ifndef TESTS_CASE_H
#define TESTS_CASE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum Kind {
  GIVEN_FILE,    /* -- file NAME [noeol] [crlf] [bom] [base64] */
  GIVEN_STDIN,   /* -- stdin [same words] */
  GIVEN_SHELL,   /* -- shell: COMMAND, before the run */
  EXPECT_TEXT,   /* -- expect: TEXT in stdout or stderr */
  EXPECT_NOT,    /* -- expect not: TEXT */
  EXPECT_ERROR,  /* -- expect error: TEXT; at the end of a code line: in that line */
  EXPECT_STDOUT, /* -- expect stdout */
  EXPECT_FILE,   /* -- expect file PATH */
  EXPECT_FILES,  /* -- expect files: N below out */
  EXPECT_TREE,   /* -- expect tree [FOLDER]: all files below it (default out) */
  EXPECT_ABSENT, /* -- expect absent: PATH */
  EXPECT_SHELL,  /* -- check: COMMAND, after the run, must succeed */
} Kind;

typedef struct Directive {
  Kind kind;
  int line;          /* in the case file, from 1 */
  bool beside_code;  /* stands behind a statement */
  char *text;        /* rest of the line */
  char *block;       /* the --| lines, as bytes of the file meant */
  size_t block_len;
  int block_first, block_last; /* their lines; first 0: none */
} Directive;

typedef struct Case {
  const char *path, *base; /* base: file name within path */
  char *source;
  size_t source_len;
  char *args;    /* -- args: … */
  char *command; /* -- command: …; NULL: dcetl ARGS BASE */
  char *skip;    /* -- skip: reason; NULL: runs */
  char *needs;   /* -- needs: NAME, the module dcetl-NAME.so beside the program; NULL: none */
  int status;
  bool stderr_varies; /* -- varies: stderr (times, sizes) */
  bool once;          /* -- once: one way only */
  Directive *items;
  size_t count;
} Case;

/* Reads a whole file; NULL if that fails. The caller frees it. */
char *file_read(const char *path, size_t *len);
/* false, with a message in problem: the file cannot be read or a directive is unknown. Memory is never freed: each case
   runs in its own process. */
bool case_read(const char *path, Case *out, char *problem, size_t size);

#endif
