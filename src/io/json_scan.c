/* json_scan.c - cuts JSON text into records. A record that is not complete is looked at again with more text behind it. */
#include "io/json_scan.h"

#include "io/text_scan_internal.h"
#include "value/json.h"

typedef enum State {
  AT_START,      /* of the file: the array is not reached yet */
  AT_FIRST,      /* behind its [ */
  AT_ELEMENT,    /* behind a comma */
  BEHIND_ELEMENT,
  BEHIND_ARRAY,  /* what is left of the document */
  AT_DOCUMENT,   /* between documents */
} State;

typedef struct JsonCutter {
  Cutter cutter;
  State state;
  bool begun; /* the file's byte order mark is behind it, if there is one */
  const Str *path;
  size_t steps;
  bool separated;     /* a record separator stands before the next document */
  Buf around;         /* with a path: the document without the elements of its array */
} JsonCutter;

size_t json_value_end(const char *text, size_t start, size_t len) { return text_scan_kernels()->json_end(text, start, len); }

/* --- Places in text --- */

static bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

static size_t skip_blanks(const char *text, size_t at, size_t len) {
  while (at < len && is_blank(text[at])) at++;
  return at;
}

/* A byte order mark that conversion left. */
static size_t skip_mark(const char *text, size_t len) { return len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; }

/* Behind the string that begins at text[at]; 0: it is not complete. */
static size_t string_end(const char *text, size_t at, size_t len) {
  for (at++; at < len; at++) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\') at++;
  }
  return 0;
}

/* Behind the value that begins at text[at]; 0: it is not complete. ended: nothing follows the text. */
static size_t value_end(const char *text, size_t at, size_t len, bool ended) {
  char c = text[at];
  if (c == '{' || c == '[') return json_value_end(text, at, len);
  if (c == '"') return string_end(text, at, len);
  while (at < len && !is_blank(text[at]) && !memchr(",:]}[{\"\x1e", text[at], 8)) at++;
  return at < len || ended ? at : 0;
}

/* --- The array under a path --- */

typedef enum Found { FOUND, NEEDS_MORE, NOT_THERE } Found;

/* *at: behind the { of an object; goes to the value of the member. */
static Found find_member(const char *text, size_t len, Str name, size_t *at) {
  for (;;) {
    size_t key = skip_blanks(text, *at, len);
    if (key == len) return NEEDS_MORE;
    if (text[key] != '"') return NOT_THERE; /* the end of the object, or no JSON */
    size_t end = string_end(text, key, len);
    size_t colon = end ? skip_blanks(text, end, len) : len;
    size_t value = colon < len ? skip_blanks(text, colon + 1, len) : len;
    if (value >= len) return NEEDS_MORE;
    *at = value;
    if (text[colon] != ':') return NOT_THERE;
    if (str_eq(str_make(text + key + 1, end - key - 2), name)) return FOUND;
    size_t behind = value_end(text, value, len, false);
    size_t comma = behind ? skip_blanks(text, behind, len) : len;
    if (comma == len) return NEEDS_MORE;
    if (text[comma] != ',') return NOT_THERE;
    *at = comma + 1;
  }
}

/* *at: where the document begins; goes to the [ of the array. */
static Found find_array(const JsonCutter *cutter, const char *text, size_t len, size_t *at) {
  for (size_t i = 0; i <= cutter->steps; i++) {
    if (*at == len) return NEEDS_MORE;
    if (i == cutter->steps) break;
    if (text[*at] != '{') return NOT_THERE;
    ++*at;
    Found found = find_member(text, len, cutter->path[i], at);
    if (found != FOUND) return found;
  }
  return text[*at] == '[' ? FOUND : NOT_THERE;
}

/* --- Cutting --- */

/* One call of cut. */
typedef struct Job {
  JsonCutter *cutter;
  char *text;
  size_t len, at; /* at: all before it is done with */
  bool ended;
  RowIndex *rows;
  const char *wrong; /* what is wrong at `at` */
  bool waits;        /* for more text */
} Job;

static void fail(Job *job, size_t at, const char *wrong) {
  job->at = at;
  job->wrong = wrong;
}

static void not_complete(Job *job, const char *wrong) {
  if (job->ended) job->wrong = wrong;
  job->waits = true;
}

static void take(Job *job, size_t start, size_t end) {
  RowIndex *rows = job->rows;
  row_index_reserve(rows, 1);
  rows->offsets[rows->count] = (uint32_t)start;
  rows->offsets[++rows->count] = (uint32_t)end;
  job->at = end;
}

static void start(Job *job) {
  JsonCutter *cutter = job->cutter;
  size_t at = skip_blanks(job->text, job->at, job->len), begin = at;
  Found found = find_array(cutter, job->text, job->len, &at);
  if (found == NEEDS_MORE) {
    not_complete(job, begin == job->len ? "there is no JSON array in the file" : "the JSON document is cut short");
  } else if (found == NOT_THERE) {
    fail(job, at, cutter->steps ? "there is no array under the path that @array gives" : "a JSON array is expected to begin here");
  } else {
    if (cutter->steps) buf_put(&cutter->around, job->text + begin, at + 1 - begin);
    job->at = at + 1;
    cutter->state = AT_FIRST;
  }
}

static void element(Job *job, size_t at) {
  JsonCutter *cutter = job->cutter;
  char c = job->text[at];
  if (c == ']' && cutter->state == AT_FIRST) {
    job->at = at + (cutter->steps == 0);
    cutter->state = BEHIND_ARRAY;
  } else if (memchr(",:]}\x1e", c, 5)) {
    fail(job, at, c == ']' ? "a comma with nothing behind it in a JSON array" : "an element of a JSON array is expected here");
  } else {
    size_t end = value_end(job->text, at, job->len, job->ended);
    if (end) {
      take(job, at, end);
      cutter->state = BEHIND_ELEMENT;
    } else {
      job->at = at;
      not_complete(job, "the JSON array is cut short in the element that begins here");
    }
  }
}

static void behind_element(Job *job, size_t at) {
  char c = job->text[at];
  if (c == ',') {
    job->text[at] = ' ';
    job->at = at + 1;
    job->cutter->state = AT_ELEMENT;
  } else if (c == ']') {
    job->at = at + (job->cutter->steps == 0);
    if (job->cutter->steps == 0) job->text[at] = ' ';
    job->cutter->state = BEHIND_ARRAY;
  } else {
    fail(job, at, "a comma or ] is expected between the elements of a JSON array");
  }
}

/* What stands around an array under a path has to be JSON, too. */
static void check_around(Job *job) {
  Buf *around = &job->cutter->around;
  job->waits = true;
  if (!job->ended || job->rows->count) return; /* the rows go first */
  Arena arena = {0};
  Value value;
  Str why;
  size_t before = around->len;
  buf_put(around, job->text + job->at, job->len - job->at);
  bool right = json_read(&arena, str_make(around->data, around->len), &value, &why);
  if (right) job->at = job->len;
  else job->wrong = "what stands around the array is no JSON document, or it is cut short";
  around->len = before;
  arena_free(&arena);
}

static void behind_array(Job *job, size_t at) {
  if (job->cutter->steps) check_around(job);
  else if (at < job->len) fail(job, at, "something follows behind the end of the JSON array");
  else job->at = at;
}

static void document(Job *job, size_t at) {
  JsonCutter *cutter = job->cutter;
  char c = job->text[at];
  if (c == '\x1e') {
    job->text[at] = ' ';
    job->at = at + 1;
    cutter->separated = true;
  } else if (c != '{' && c != '[' && (!cutter->separated || memchr(",:]}", c, 4))) {
    fail(job, at, "a JSON document, an object or an array, is expected to begin here");
  } else {
    size_t end = value_end(job->text, at, job->len, job->ended);
    job->at = at;
    if (!end) {
      not_complete(job, "the file ends within the JSON document that begins here");
    } else {
      take(job, at, end);
      cutter->separated = false;
    }
  }
}

/* One step from job->at on. */
static void step(Job *job) {
  JsonCutter *cutter = job->cutter;
  if (cutter->state == AT_START) {
    start(job);
    return;
  }
  size_t at = skip_blanks(job->text, job->at, job->len);
  if (cutter->state == BEHIND_ARRAY) {
    behind_array(job, at);
  } else if (at == job->len) {
    job->at = at;
    job->waits = true;
    if (cutter->state != AT_DOCUMENT && job->ended) job->wrong = "the JSON array is cut short: its end ] is missing";
  } else if (cutter->state == AT_DOCUMENT) {
    document(job, at);
  } else if (cutter->state == BEHIND_ELEMENT) {
    behind_element(job, at);
  } else {
    element(job, at);
  }
}

/* What came in place of an array is often a message: {"error": "…"}, a page of HTML. */
static void hint_beginning(const char *text, size_t len, DcError *err) {
  enum { SHOWN = 100 };
  size_t from = skip_blanks(text, skip_mark(text, len), len), end = from;
  while (end < len && end - from < SHOWN && (unsigned char)text[end] >= ' ') end++;
  while (end < len && end > from && ((unsigned char)text[end] & 0xC0) == 0x80) end--; /* whole characters */
  dc_hint(err, "@array is the path to an array, as in 'items', 'data.items'; the file begins with %.*s%s", (int)(end - from), text + from, skip_blanks(text, end, len) < len ? " …" : "");
}

static DcCode cut(Cutter *base, char *text, size_t len, bool ended, RowIndex *rows, size_t *used, DcError *err) {
  Job job = {.cutter = (JsonCutter *)base, .text = text, .len = len, .ended = ended, .rows = rows};
  if (!job.cutter->begun) {
    job.waits = len < 3 && !ended;
    job.at = skip_mark(text, len);
    job.cutter->begun = !job.waits;
  }
  while (!job.waits && !job.wrong && job.at < len) step(&job);
  if (!job.waits && !job.wrong && ended && job.cutter->state != BEHIND_ARRAY) step(&job);
  *used = job.at;
  if (rows->count) {
    rows->offsets[rows->count] = (uint32_t)job.at;
    return DC_OK; /* what is wrong behind them is found again */
  }
  if (!job.wrong) return DC_OK;
  dc_fail(err, "%s", job.wrong);
  if (job.cutter->steps && job.cutter->state == AT_START && len) hint_beginning(text, len, err);
  dc_hint(err, "@layout = 'lines', 'array' or 'documents' says how records lie in a file, where its beginning misleads");
  return err->code;
}

static void free_cutter(Cutter *base) {
  buf_free(&((JsonCutter *)base)->around);
  dc_free(base);
}

Cutter *json_cutter(JsonLayout layout, const Str *path, size_t count) {
  static const CutterOps ops = {cut, free_cutter};
  JsonCutter *cutter = dc_alloc(sizeof *cutter);
  *cutter = (JsonCutter){.cutter = {&ops}, .state = layout == JSON_ARRAY ? AT_START : AT_DOCUMENT, .path = path, .steps = count};
  return &cutter->cutter;
}

/* --- What a file is --- */

JsonLayout json_layout(const char *text, size_t len, bool ended) {
  size_t start = skip_blanks(text, skip_mark(text, len), len);
  if (start == len) return JSON_LINES;
  if (text[start] == '\x1e') return JSON_DOCUMENTS;
  size_t end = value_end(text, start, len, ended);
  const char *newline = memchr(text + start, '\n', len - start);
  size_t line = newline ? (size_t)(newline - text) : len;
  if (text[start] == '[') {
    size_t more = end ? skip_blanks(text, end, len) : len;
    return end && end <= line && more < len ? JSON_LINES : JSON_ARRAY;
  }
  if (text[start] != '{') return JSON_LINES;
  if (!end || end > line) return JSON_DOCUMENTS;
  end = skip_blanks(text, end, line);
  return end == line ? JSON_LINES : JSON_DOCUMENTS;
}
