/* profile.c - files of credentials and settings as Amazon's tools have them: ~/.aws/credentials and ~/.aws/config. */
#include "net.h"

enum { MOST_FILE = 1 << 20 };

bool net_file(const char *path, Bytes *out) {
  FILE *file = fopen(path, "re");
  if (!file) return false;
  char block[4096];
  size_t got;
  while ((got = fread(block, 1, sizeof block, file)) > 0 && out->len < MOST_FILE) text_put_len(out, block, got);
  bool fine = !ferror(file) && !out->failed;
  fclose(file);
  return fine;
}

/* The text without blanks around it. */
static const char *trim(const char *from, size_t *len) {
  while (*len && strchr(" \t\r", *from)) {
    from++;
    --*len;
  }
  while (*len && strchr(" \t\r", from[*len - 1])) --*len;
  return from;
}

static bool is_text(const char *from, size_t len, const char *wanted) { return strlen(wanted) == len && strncmp(from, wanted, len) == 0; }

char *ini_value(const char *text, const char *section, const char *name) {
  char *found = NULL;
  bool inside = false;
  for (const char *line = text; *line;) {
    size_t len = strcspn(line, "\n"), whole = len;
    bool nested = *line == ' ' || *line == '\t'; /* settings of a setting */
    const char *from = trim(line, &len);
    const char *equals = memchr(from, '=', len);
    if (len && *from == '[') {
      size_t inner = len > 1 && from[len - 1] == ']' ? len - 2 : len - 1;
      const char *title = trim(from + 1, &inner);
      inside = is_text(title, inner, section);
    } else if (inside && len && equals && !nested && *from != '#' && *from != ';') {
      size_t name_len = (size_t)(equals - from), value_len = len - name_len - 1;
      const char *key = trim(from, &name_len), *value = trim(equals + 1, &value_len);
      if (is_text(key, name_len, name)) {
        free(found);
        found = text_copy(value, value_len);
      }
    }
    line += whole;
    if (*line) line++;
  }
  return found;
}

/* A file by its variable, else within the home folder. */
static bool read_file(const char *variable, const char *usual, Bytes *out) {
  const char *path = net_variable(variable), *home = net_variable("HOME");
  if (path) return net_file(path, out);
  Bytes made = {.data = NULL};
  if (home) text_format(&made, "%s/%s", home, usual);
  bool fine = home && !made.failed && net_file(text_of(&made), out);
  bytes_free(&made);
  return fine;
}

char *profile_value(const Settings *settings, const char *name) {
  const char *profile = settings->profile ? settings->profile : net_variable("AWS_PROFILE");
  if (!profile) profile = "default";
  Bytes text = {.data = NULL}, section = {.data = NULL};
  char *found = NULL;
  if (read_file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", &text)) found = ini_value(text_of(&text), profile, name);
  text.len = 0;
  if (!found && read_file("AWS_CONFIG_FILE", ".aws/config", &text)) {
    text_format(&section, "profile %s", profile);
    found = ini_value(text_of(&text), text_of(&section), name);
    if (!found && strcmp(profile, "default") == 0) found = ini_value(text_of(&text), profile, name);
  }
  bytes_free(&text);
  bytes_free(&section);
  return found;
}
