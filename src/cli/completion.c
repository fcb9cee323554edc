/* completion.c - what bash, zsh and fish need to complete the command line: options with their values, the names of
 * options behind -o, and the names of rows behind --functions and its like. Everything is known when it is generated,
 * so that completion starts no program. */
#include "cli/args.h"
#include "cli/generate.h"
#include "cli/rows.h"

typedef struct Names {
  Buf *out;
  const char *separator;
  size_t count;
} Names;

/* Symbols are left out: a shell would have to quote them, and they are as quickly typed. */
static bool is_plain(Str name) {
  for (size_t i = 0; i < name.len; i++) {
    char c = name.data[i];
    bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    if (!is_letter && !(c >= '0' && c <= '9')) return false;
  }
  return name.len > 0;
}

static void put_name(void *self, const Row *row) {
  Names *names = self;
  if (is_plain(row->name)) buf_printf(names->out, "%s%.*s", names->count++ ? names->separator : "", STR_ARG(row->name));
}

static void put_names(Buf *out, RowKind kind) {
  Names names = {out, " ", 0};
  rows_each(kind, put_name, &names);
}

/* Options of scripts as NAME=, and where the words are known NAME=WORD. */
static void put_option_names(Buf *out, const char *separator) {
  size_t count, written = 0;
  const OptionRow *rows = option_rows(&count);
  for (size_t i = 0; i < count; i++) {
    if (rows[i].hidden || rows[i].unused) continue;
    const char *word = rows[i].value;
    if (!strchr(word, '|') || strchr(word, '%')) {
      buf_printf(out, "%s%s=", written++ ? separator : "", rows[i].name);
      continue;
    }
    for (;; word++) {
      size_t len = strcspn(word, "|");
      buf_printf(out, "%s%s=%.*s", written++ ? separator : "", rows[i].name, (int)len, word);
      word += len;
      if (!*word) break;
    }
  }
}

static bool lists_rows(const OptionHelp *option) {
  return option->action >= ACTION_FUNCTIONS && option->action <= ACTION_OPERATIONS;
}

/* --- bash --- */

static void bash_option(void *self, const OptionHelp *option) {
  Buf *out = self;
  if (option->letter) buf_printf(out, "-%c ", option->letter);
  buf_printf(out, "--%s ", option->name);
}

static void bash_values(void *self, const OptionHelp *option) {
  Buf *out = self;
  if (!option->argument) return;
  if (option->letter) buf_printf(out, "    -%c | ", option->letter);
  else buf_text(out, "    ");
  buf_printf(out, "--%s) ", option->name);
  if (!option->values) buf_text(out, "return ;;\n");
  else if (strcmp(option->values, "@file") == 0) buf_text(out, "_dcetl_paths -f; return ;;\n");
  else if (strcmp(option->values, "@folder") == 0) buf_text(out, "_dcetl_paths -d; return ;;\n");
  else if (strcmp(option->values, "@option") == 0) buf_text(out, "_dcetl_options; return ;;\n");
  else buf_printf(out, "COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n", option->values);
}

static void bash_rows(void *self, const OptionHelp *option) {
  Buf *out = self;
  if (!lists_rows(option)) return;
  buf_printf(out, "      --%s) COMPREPLY=($(compgen -W '", option->name);
  put_names(out, (RowKind)(option->action - ACTION_FUNCTIONS));
  buf_text(out, "' -- \"$cur\")); return ;;\n");
}

void completion_bash(Buf *out) {
  buf_text(out, "# bash completion for dcetl; made from its tables, do not edit\n"
                "_dcetl_paths() { compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen \"$1\" -- \"$cur\")); }\n\n"
                "# NAME= and NAME=VALUE; '=' parts words, so that only what stands behind it is put in.\n"
                "_dcetl_options() {\n  local all='");
  put_option_names(out, " ");
  buf_text(out, "'\n  if [[ $given == *=* ]]; then\n"
                "    COMPREPLY=($(compgen -W \"$all\" -- \"$given\"))\n"
                "    COMPREPLY=(\"${COMPREPLY[@]#*=}\")\n"
                "  else\n"
                "    compopt -o nospace 2>/dev/null\n"
                "    COMPREPLY=($(for word in $all; do printf '%s=\\n' \"${word%%=*}\"; done | sort -u))\n"
                "    COMPREPLY=($(compgen -W \"${COMPREPLY[*]}\" -- \"$cur\"))\n"
                "  fi\n}\n\n"
                "_dcetl() {\n"
                "  local cur=${COMP_WORDS[COMP_CWORD]} at=$((COMP_CWORD - 1)) given word\n"
                "  COMPREPLY=()\n"
                "  given=$cur\n"
                "  # --option=value and -o name=value are three words or more: the option is the one before '='.\n"
                "  if [[ $cur == = ]]; then cur= given==; fi\n"
                "  if [[ $given == = && $at -ge 1 ]]; then given=${COMP_WORDS[at]}=; at=$((at - 1))\n"
                "  elif [[ ${COMP_WORDS[at]} == = && $at -ge 2 ]]; then given=${COMP_WORDS[at - 1]}=$cur; at=$((at - 2)); fi\n"
                "  if [[ ${COMP_WORDS[at]} == = && $at -ge 1 ]]; then at=$((at - 1)); fi\n"
                "  [[ $given == --*=* ]] && word=${given%%=*} || word=${COMP_WORDS[at]}\n"
                "  case $word in\n");
  arguments_each(bash_values, out);
  buf_text(out, "  esac\n"
                "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
                "    case $word in\n");
  arguments_each(bash_rows, out);
  buf_text(out, "      --) _dcetl_paths -f; return ;;\n"
                "    esac\n"
                "  done\n"
                "  if [[ $cur == -* ]]; then\n"
                "    COMPREPLY=($(compgen -W '");
  arguments_each(bash_option, out);
  buf_text(out, "' -- \"$cur\"))\n"
                "    return\n"
                "  fi\n"
                "  _dcetl_paths -f\n"
                "}\n"
                "complete -F _dcetl dcetl\n");
}

/* --- zsh --- */

/* In single quotes, inside of [...] of _arguments. */
static void zsh_text(Buf *out, const char *text) {
  for (; *text; text++) {
    if (*text == '\'') buf_text(out, "'\\''");
    else if (*text == ':' || *text == '[' || *text == ']') buf_printf(out, "\\%c", *text);
    else buf_char(out, *text);
  }
}

static void zsh_argument(Buf *out, const OptionHelp *option) {
  if (!option->argument) return;
  buf_printf(out, "%s:%s:", option->optional ? ":" : "", option->argument);
  if (!option->values) buf_text(out, " ");
  else if (strcmp(option->values, "@file") == 0) buf_text(out, "_files");
  else if (strcmp(option->values, "@folder") == 0) buf_text(out, "_files -/");
  else if (strcmp(option->values, "@option") == 0) buf_text(out, "_dcetl_options");
  else buf_printf(out, "(%s)", option->values);
}

static void zsh_option(void *self, const OptionHelp *option) {
  Buf *out = self;
  const char *sign = !option->argument ? "" : option->optional ? "=-" : "=";
  const char *plus = option->argument ? "+" : "";
  if (option->letter) buf_printf(out, "    '*'{-%c%s,--%s%s}'[", option->letter, plus, option->name, sign);
  else buf_printf(out, "    '--%s%s[", option->name, sign);
  zsh_text(out, option->doc);
  buf_char(out, ']');
  zsh_argument(out, option);
  buf_text(out, "' \\\n");
}

static void zsh_rows(void *self, const OptionHelp *option) {
  Buf *out = self;
  if (!lists_rows(option)) return;
  buf_printf(out, "      --%s) names=(", option->name);
  put_names(out, (RowKind)(option->action - ACTION_FUNCTIONS));
  buf_text(out, ") ;;\n");
}

void completion_zsh(Buf *out) {
  buf_text(out, "#compdef dcetl\n# zsh completion for dcetl; made from its tables, do not edit\n"
                "_dcetl_options() {\n  local -a options\n  options=(");
  put_option_names(out, " ");
  buf_text(out, ")\n  compadd -S '' -- $options\n}\n\n"
                "# A script, or behind --functions and its like the names of rows.\n"
                "_dcetl_rest() {\n  local word\n  local -a names\n  for word in $words; do\n    case $word in\n");
  arguments_each(zsh_rows, out);
  buf_text(out, "    esac\n  done\n  if (( $#names )); then compadd -- $names; else _files; fi\n}\n\n"
                "_dcetl() {\n  _arguments -S -s \\\n");
  arguments_each(zsh_option, out);
  buf_text(out, "    '*:script:_dcetl_rest'\n}\n"
                "if [[ $funcstack[1] == _dcetl ]]; then _dcetl \"$@\"; else compdef _dcetl dcetl; fi\n");
}

/* --- fish --- */

static void fish_text(Buf *out, const char *text) {
  buf_char(out, '\'');
  for (; *text; text++) {
    if (*text == '\'' || *text == '\\') buf_char(out, '\\');
    buf_char(out, *text);
  }
  buf_char(out, '\'');
}

static void fish_values(Buf *out, const char *values) {
  if (strcmp(values, "@file") == 0) {
    buf_text(out, " -r -F");
    return;
  }
  buf_text(out, " -x -a '");
  if (strcmp(values, "@folder") == 0) buf_text(out, "(__fish_complete_directories)");
  else if (strcmp(values, "@option") == 0) put_option_names(out, " ");
  else buf_text(out, values);
  buf_char(out, '\'');
}

static void fish_option(void *self, const OptionHelp *option) {
  Buf *out = self;
  buf_text(out, "complete -c dcetl");
  if (option->letter) buf_printf(out, " -s %c", option->letter);
  buf_printf(out, " -l %s", option->name);
  if (option->argument && !option->optional) fish_values(out, option->values ? option->values : "");
  buf_text(out, " -d ");
  fish_text(out, option->doc);
  buf_char(out, '\n');
}

static void fish_rows(void *self, const OptionHelp *option) {
  Buf *out = self;
  if (!lists_rows(option)) return;
  buf_printf(out, "complete -c dcetl -f -n '__fish_contains_opt %s' -a '", option->name);
  put_names(out, (RowKind)(option->action - ACTION_FUNCTIONS));
  buf_text(out, "'\n");
}

void completion_fish(Buf *out) {
  buf_text(out, "# fish completion for dcetl; made from its tables, do not edit\n");
  arguments_each(fish_option, out);
  arguments_each(fish_rows, out);
}

DcCode generate(const char *what, Buf *out, DcError *err) {
  if (strcmp(what, "bash") == 0) completion_bash(out);
  else if (strcmp(what, "zsh") == 0) completion_zsh(out);
  else if (strcmp(what, "fish") == 0) completion_fish(out);
  else return man_page(what, out, err);
  return DC_OK;
}
