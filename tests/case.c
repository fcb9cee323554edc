/* case.c - reads a case file: finds its directives and their blocks. */
#include "case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Word {
  const char *text;
  Kind kind;
} Word;

/* The longer of two with the same start comes first. */
static const Word words[] = {
  {"file ", GIVEN_FILE}, {"stdin", GIVEN_STDIN}, {"shell:", GIVEN_SHELL}, {"expect:", EXPECT_TEXT},
  {"expect not:", EXPECT_NOT}, {"expect error:", EXPECT_ERROR}, {"expect stdout", EXPECT_STDOUT},
  {"expect files:", EXPECT_FILES}, {"expect file ", EXPECT_FILE}, {"expect tree", EXPECT_TREE},
  {"expect absent:", EXPECT_ABSENT}, {"check:", EXPECT_SHELL},
};

char *file_read(const char *path, size_t *len) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  size_t cap = 1 << 16, n = 0;
  char *data = malloc(cap);
  for (size_t got; (got = fread(data + n, 1, cap - n - 1, file)) > 0;) {
    n += got;
    if (n + 1 == cap) data = realloc(data, cap *= 2);
  }
  fclose(file);
  data[n] = 0;
  if (len) *len = n;
  return data;
}

static bool starts(const char *text, const char *prefix) { return !strncmp(text, prefix, strlen(prefix)); }

static char *trimmed(const char *text) {
  while (*text == ' ') text++;
  size_t n = strlen(text);
  while (n && text[n - 1] == ' ') n--;
  return strndup(text, n);
}

/* Plain settings: one value each. */
static bool setting(Case *c, const char *text) {
  if (starts(text, "args:")) c->args = trimmed(text + 5);
  else if (starts(text, "command:")) c->command = trimmed(text + 8);
  else if (starts(text, "skip:")) c->skip = trimmed(text + 5);
  else if (starts(text, "needs:")) c->needs = trimmed(text + 6);
  else if (starts(text, "exit:")) c->status = atoi(text + 5);
  else if (starts(text, "varies: stderr")) c->stderr_varies = true;
  else if (starts(text, "once")) c->once = true;
  else return false;
  return true;
}

static Directive *directive(Case *c, const char *text, int line, bool beside_code) {
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (!starts(text, words[i].text)) continue;
    c->items = realloc(c->items, (c->count + 1) * sizeof *c->items);
    Directive *d = &c->items[c->count++];
    *d = (Directive){.kind = words[i].kind, .line = line, .beside_code = beside_code};
    d->text = trimmed(text + strlen(words[i].text));
    d->block = calloc(1, 1);
    return d;
  }
  return NULL;
}

static void block_line(Directive *d, const char *text, int line) {
  if (*text == ' ') text++;
  size_t n = strlen(text);
  d->block = realloc(d->block, d->block_len + n + 2);
  memcpy(d->block + d->block_len, text, n);
  d->block_len += n;
  d->block[d->block_len++] = '\n';
  d->block[d->block_len] = 0;
  if (!d->block_first) d->block_first = line;
  d->block_last = line;
}

/* Comments that start with one of these words are meant as directives: a misspelt one must not pass unseen. */
static bool looks_meant(const char *text) { return starts(text, "expect") || starts(text, "file "); }

bool case_read(const char *path, Case *out, char *problem, size_t size) {
  *out = (Case){.path = path, .args = ""};
  const char *slash = strrchr(path, '/');
  out->base = slash ? slash + 1 : path;
  out->source = file_read(path, &out->source_len);
  if (!out->source) return snprintf(problem, size, "%s: cannot read it", path), false;
  char *copy = strdup(out->source);
  Directive *last = NULL;
  int number = 0;
  for (char *line = copy, *next; line && *line; line = next) {
    next = strchr(line, '\n');
    if (next) *next++ = 0;
    number++;
    if (starts(line, "--|")) {
      if (!last) return snprintf(problem, size, "%s:%d: --| without a directive before it", path, number), false;
      block_line(last, line + 3, number);
      continue;
    }
    /* A directive is the whole line or stands behind code. */
    char *mark = starts(line, "-- ") ? line : NULL;
    if (!mark)
      for (char *at = strstr(line, "-- "); at; at = strstr(at + 3, "-- ")) mark = at;
    if (!mark) continue;
    const char *text = mark + 3;
    if (mark == line && setting(out, text)) continue;
    Directive *d = directive(out, text, number, mark != line);
    if (d) last = d;
    else if (looks_meant(text)) return snprintf(problem, size, "%s:%d: unknown directive: %s", path, number, text), false;
  }
  for (size_t i = 0; i < out->count; i++)
    if (out->items[i].kind == EXPECT_ERROR && !out->status) out->status = 1;
  return true;
}
