/* args.h - the command line, read by a table of options that is also the help. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include "run/session.h"

typedef enum Action {
  ACTION_RUN, ACTION_DRY_RUN, ACTION_TOKENS, ACTION_AST, ACTION_HELP, ACTION_VERSION, ACTION_INTERACTIVE,
  ACTION_FUNCTIONS, ACTION_STATEMENTS, ACTION_ADAPTERS, ACTION_TRANSFORMS, ACTION_OPERATIONS, /* in the order of RowKind */
  ACTION_GENERATE, ACTION_VERIFY, ACTION_HELPER,
} Action;

typedef struct ScriptArg {
  const char *text; /* a path, "-", or the text of -e */
  bool is_text;
} ScriptArg;

typedef struct VarArg {
  const char *text; /* NAME=VALUE or a path */
  bool is_file;
} VarArg;

typedef struct OptionArg {
  const char *name; /* with value NULL: NAME=VALUE */
  const char *value;
} OptionArg;

/* Points into argv; the arrays are freed by arguments_deinit. */
typedef struct Arguments {
  Action action;
  ScriptArg *scripts; /* for --functions and its like: the names; for --verify: paths */
  size_t script_count, script_cap;
  VarArg *vars;
  size_t var_count, var_cap;
  OptionArg *options;
  size_t option_count, option_cap;
  const char *const *rest; /* behind "--" */
  size_t rest_count;
  ProgressMode progress;
  bool json_log;
  bool stats;
  const char *stats_file; /* NULL: standard error */
  const char *generate;   /* what to generate */
  const char *helper;     /* for what (engine/typed_guard.h) */
} Arguments;

/* A mistake is DC_USAGE with a suggestion. */
DcCode arguments_parse(int argc, const char *const *argv, Arguments *out, DcError *err) DC_MUST_CHECK;
void arguments_deinit(Arguments *arguments);
/* Gives the settings what -o and the options that stand for it say. */
DcCode arguments_settings(const Arguments *arguments, Settings *settings, DcError *err) DC_MUST_CHECK;
void arguments_help(Buf *out);

/* An option as completion needs it. */
typedef struct OptionHelp {
  char letter;          /* 0: none */
  const char *name, *argument, *doc; /* argument NULL: takes none */
  const char *values;   /* "@file", "@folder", "@option" (name=value), words with blanks between them, or NULL: anything */
  bool optional;        /* the argument stands behind '=' and may be left out */
  Action action;        /* ACTION_FUNCTIONS …: names of rows may follow */
} OptionHelp;
void arguments_each(void (*visit)(void *self, const OptionHelp *option), void *self);

#endif
