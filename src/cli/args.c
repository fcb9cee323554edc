/* args.c - the table of command line options; parsing and help both come from it. */
#include "cli/args.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct CliOption CliOption;
struct CliOption {
  char letter; /* 0: none */
  const char *name, *argument, *doc; /* argument NULL: takes none */
  bool optional; /* the argument can be left out; it stands behind = */
  const char *setting; /* the session option it sets; NULL: none */
  const char *value;   /* for that, when there is no argument */
  DcCode (*apply)(Arguments *arguments, const char *value, DcError *err); /* may be NULL */
  Action action; /* ACTION_RUN: none */
  const char *values; /* what the argument may be, see OptionHelp */
  bool hidden;        /* for the build and the program itself: not in the help */
};

static DcCode usage(DcError *err, const char *format, ...) DC_PRINTF(2, 3);
static DcCode usage(DcError *err, const char *format, ...) {
  char text[512];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  return dc_fail_at(err, DC_USAGE, (Position){0}, "%s", text);
}

static void add_script(Arguments *arguments, const char *text, bool is_text) {
  VEC_GROW(arguments->scripts, arguments->script_count, arguments->script_cap);
  arguments->scripts[arguments->script_count++] = (ScriptArg){text, is_text};
}

static void add_option(Arguments *arguments, const char *name, const char *value) {
  VEC_GROW(arguments->options, arguments->option_count, arguments->option_cap);
  arguments->options[arguments->option_count++] = (OptionArg){name, value};
}

static void add_var(Arguments *arguments, const char *text, bool is_file) {
  VEC_GROW(arguments->vars, arguments->var_count, arguments->var_cap);
  arguments->vars[arguments->var_count++] = (VarArg){text, is_file};
}

static DcCode apply_eval(Arguments *arguments, const char *value, DcError *err) {
  (void)err;
  add_script(arguments, value, true);
  return DC_OK;
}

static DcCode apply_var(Arguments *arguments, const char *value, DcError *err) {
  if (!strchr(value, '=') || value[0] == '=') return usage(err, "-v needs NAME=VALUE, not '%s'", value);
  add_var(arguments, value, false);
  return DC_OK;
}

static DcCode apply_vars(Arguments *arguments, const char *value, DcError *err) {
  (void)err;
  add_var(arguments, value, true);
  return DC_OK;
}

static DcCode apply_option(Arguments *arguments, const char *value, DcError *err) {
  if (!strchr(value, '=') || value[0] == '=') return usage(err, "-o needs NAME=VALUE, not '%s'", value);
  add_option(arguments, value, NULL);
  return DC_OK;
}

static DcCode apply_log_format(Arguments *arguments, const char *value, DcError *err) {
  if (strcmp(value, "text") != 0 && strcmp(value, "json") != 0) return usage(err, "--log-format is text or json, not '%s'", value);
  arguments->json_log = value[0] == 'j';
  return DC_OK;
}

static DcCode apply_progress(Arguments *arguments, const char *value, DcError *err) {
  static const char *const words[] = {"auto", "always", "never"}; /* as in ProgressMode */
  for (size_t i = 0; i < 3; i++)
    if (strcmp(value, words[i]) == 0) {
      arguments->progress = (ProgressMode)i;
      return DC_OK;
    }
  return usage(err, "--progress is auto, always or never, not '%s'", value);
}

static DcCode apply_stats(Arguments *arguments, const char *value, DcError *err) {
  (void)err;
  arguments->stats = true;
  if (value) arguments->stats_file = value;
  return DC_OK;
}

static DcCode apply_generate(Arguments *arguments, const char *value, DcError *err) {
  (void)err;
  arguments->generate = value;
  return DC_OK;
}

static DcCode apply_helper(Arguments *arguments, const char *value, DcError *err) {
  (void)err;
  arguments->helper = value;
  return DC_OK;
}

static const CliOption options[] = {
  {'e', "eval", "TEXT", "run TEXT", .apply = apply_eval},
  {'v', "var", "NAME=VALUE", "set $NAME; a number if it prints back the same", .apply = apply_var},
  {'f', "vars", "FILE", "set the variables of a properties file", .apply = apply_vars, .values = "@file"},
  {'n', "dry-run", NULL, "parse, check, and show the plan; touch no data", .action = ACTION_DRY_RUN},
  {'o', "option", "NAME=VALUE", "set an option (SHOW OPTIONS lists them)", .apply = apply_option, .values = "@option"},
  {'t', "threads", "N", "worker threads; 0: all cores", .setting = "threads"},
  {'m', "memory", "SIZE", "memory for data: 512M, 2G, 60%", .setting = "memory"},
  {0, "temp-dir", "FOLDER", "folder of temporary files", .setting = "temp_dir", .values = "@folder"},
  {0, "seed", "N", "start of RANDOM and SAMPLE", .setting = "seed"},
  {0, "strict", NULL, "unknown variables, attributes and partitions are errors", .setting = "strict", .value = "true"},
  {'i', "interactive", NULL, "a shell, behind the scripts", .action = ACTION_INTERACTIVE},
  {'q', "quiet", NULL, "errors only", .setting = "log_level", .value = "error"},
  {0, "log-format", "FORMAT", "text or json", .apply = apply_log_format, .values = "text json"},
  {0, "progress", "WHEN", "auto, always or never", .apply = apply_progress, .values = "auto always never"},
  {0, "stats", "FILE", "cost of every statement, as a table, or JSON for FILE.json", .optional = true, .apply = apply_stats,
   .values = "@file"},
  {0, "functions", NULL, "the functions and operators, or those named", .action = ACTION_FUNCTIONS},
  {0, "adapters", NULL, "the adapters of CREATE and COPY, or those named", .action = ACTION_ADAPTERS},
  {0, "statements", NULL, "the statements and clauses of the language, or those named", .action = ACTION_STATEMENTS},
  {0, "transforms", NULL, "the transforms, or those named", .action = ACTION_TRANSFORMS},
  {0, "operations", NULL, "the operations of CALL, or those named", .action = ACTION_OPERATIONS},
  {0, "verify", NULL, "compare the files of outputs to their manifests, or to those below the folders named", .action = ACTION_VERIFY, .values = "@file"},
  {0, "print-tokens", NULL, "show what the lexer sees", .action = ACTION_TOKENS},
  {0, "print-ast", NULL, "show what the parser makes", .action = ACTION_AST},
  {0, "generate", "WHAT", "a completion, or the manual page of a template", .apply = apply_generate,
   .action = ACTION_GENERATE, .hidden = true},
  {0, "helper", "WORK", "work of another process of the program", .apply = apply_helper, .action = ACTION_HELPER, .hidden = true},
  {'h', "help", NULL, "this text", .action = ACTION_HELP},
  {'V', "version", NULL, "the version", .action = ACTION_VERSION},
};
enum { OPTION_COUNT = sizeof options / sizeof *options };

static const CliOption *find_long(Str name) {
  for (size_t i = 0; i < OPTION_COUNT; i++)
    if (str_is(name, options[i].name)) return &options[i];
  return NULL;
}

static const CliOption *find_letter(char letter) {
  for (size_t i = 0; i < OPTION_COUNT; i++)
    if (options[i].letter && options[i].letter == letter) return &options[i];
  return NULL;
}

static DcCode unknown_long(Str name, DcError *err) {
  Speller speller = speller_start(name);
  for (size_t i = 0; i < OPTION_COUNT; i++)
    if (!options[i].hidden) speller_try(&speller, str_of(options[i].name));
  Str best = speller_best(&speller);
  DcCode code = usage(err, "unknown option --%.*s", STR_ARG(name));
  if (best.len) dc_hint(err, "did you mean --%.*s?", STR_ARG(best));
  else dc_hint(err, "dcetl --help lists the options");
  return code;
}

static DcCode apply(Arguments *arguments, const CliOption *option, const char *value, DcError *err) {
  if (option->action != ACTION_RUN) arguments->action = option->action;
  if (option->setting) add_option(arguments, option->setting, value ? value : option->value);
  return option->apply ? option->apply(arguments, value, err) : DC_OK;
}

/* The state of parsing: next is the index of the following argument. */
typedef struct Reader {
  int argc, next;
  const char *const *argv;
} Reader;

static DcCode take_value(Reader *reader, const CliOption *option, const char **value, DcError *err) {
  if (reader->next >= reader->argc) return usage(err, "--%s needs %s", option->name, option->argument);
  *value = reader->argv[reader->next++];
  return DC_OK;
}

static DcCode parse_long(Reader *reader, Arguments *arguments, const char *text, DcError *err) {
  const char *equals = strchr(text, '='), *value = equals ? equals + 1 : NULL;
  Str name = str_make(text, equals ? (size_t)(equals - text) : strlen(text));
  const CliOption *option = find_long(name);
  if (!option) return unknown_long(name, err);
  if (value && !option->argument) {
    bool lists = option->action >= ACTION_FUNCTIONS && option->action <= ACTION_OPERATIONS; /* --functions=NAME */
    if (!lists) return usage(err, "--%s takes no value", option->name);
    add_script(arguments, value, false);
    value = NULL;
  }
  if (!value && option->argument && !option->optional) DC_TRY(take_value(reader, option, &value, err));
  return apply(arguments, option, value, err);
}

/* -n, -nq, -vA=1, -v A=1 */
static DcCode parse_letters(Reader *reader, Arguments *arguments, const char *text, DcError *err) {
  for (; *text; text++) {
    const CliOption *option = find_letter(*text);
    if (!option) {
      DcCode code = usage(err, "unknown option -%c", *text);
      dc_hint(err, "dcetl --help lists the options");
      return code;
    }
    if (!option->argument) {
      DC_TRY(apply(arguments, option, NULL, err));
      continue;
    }
    const char *value = text + 1;
    if (!*value) DC_TRY(take_value(reader, option, &value, err));
    return apply(arguments, option, value, err);
  }
  return DC_OK;
}

DcCode arguments_parse(int argc, const char *const *argv, Arguments *out, DcError *err) {
  memset(out, 0, sizeof *out);
  Reader reader = {argc, 1, argv};
  while (reader.next < argc) {
    const char *text = argv[reader.next++];
    if (strcmp(text, "--") == 0) {
      out->rest = argv + reader.next;
      out->rest_count = (size_t)(argc - reader.next);
      break;
    }
    if (text[0] == '-' && text[1] == '-') DC_TRY(parse_long(&reader, out, text + 2, err));
    else if (text[0] == '-' && text[1]) DC_TRY(parse_letters(&reader, out, text + 1, err));
    else add_script(out, text, false);
  }
  if (out->action <= ACTION_AST && !out->script_count) {
    DcCode code = usage(err, "no script to run");
    dc_hint(err, "usage: dcetl [options] script… [-- args]; dcetl --help tells more");
    return code;
  }
  return DC_OK;
}

void arguments_deinit(Arguments *arguments) {
  dc_free(arguments->scripts);
  dc_free(arguments->vars);
  dc_free(arguments->options);
}

DcCode arguments_settings(const Arguments *arguments, Settings *settings, DcError *err) {
  for (size_t i = 0; i < arguments->option_count; i++) {
    const OptionArg *option = &arguments->options[i];
    const char *equals = option->value ? NULL : strchr(option->name, '=');
    Str name = equals ? str_make(option->name, (size_t)(equals - option->name)) : str_of(option->name);
    Str value = str_of(equals ? equals + 1 : option->value);
    if (settings_set(settings, name, value, RANK_COMMAND_LINE, err) == DC_OK) continue;
    err->code = DC_USAGE;
    return DC_USAGE;
  }
  return DC_OK;
}

void arguments_each(void (*visit)(void *self, const OptionHelp *option), void *self) {
  for (size_t i = 0; i < OPTION_COUNT; i++) {
    const CliOption *option = &options[i];
    OptionHelp help = {option->letter, option->name, option->argument, option->doc, option->values, option->optional,
                       option->action};
    if (!option->hidden) visit(self, &help);
  }
}

void arguments_help(Buf *out) {
  buf_text(out, "usage: dcetl [options] script… [-- args]\n"
                "Runs TDL scripts one after another in one context; - is standard input. $ARGS holds what follows --.\n\n");
  for (size_t i = 0; i < OPTION_COUNT; i++) {
    const CliOption *option = &options[i];
    if (option->hidden) continue;
    char left[64], letter[8] = "    ";
    if (option->letter) snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(left, sizeof left, "%s--%s%s%s%s%s", letter, option->name, option->optional ? "[" : "", option->argument ? (option->optional ? "=" : " ") : "",
             option->argument ? option->argument : "", option->optional ? "]" : "");
    buf_printf(out, "  %-28s %s\n", left, option->doc);
  }
  buf_text(out, "\nExit status: 0 done; 1 the script failed; 2 wrong usage; 3 syntax or check error, nothing ran; 130, 143 interrupted.\n");
}
