/* stage_journal.c - makes and takes back the moves of a commit; saves and loads them. */
#include "io/stage_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/fault.h"
#include "io/fault.h"
#include "io/path.h"
#include "io/sync.h"

static const char HEAD[] = "dcetl journal 1\n";

static _Atomic int renames_to_failure;
static atomic_bool refuse_exchange;

void io_fail_rename_after(int n) { atomic_store(&renames_to_failure, n); }

void io_refuse_exchange(bool refuse) { atomic_store(&refuse_exchange, refuse); }

static bool rename_must_fail(void) {
  if (fault_due()) return true;
  return atomic_load_explicit(&renames_to_failure, memory_order_relaxed) > 0 && atomic_fetch_sub(&renames_to_failure, 1) == 1;
}

/* ---- the list ---- */

void journal_add(Journal *journal, MoveKind kind, const char *staged, const char *target, uint64_t inode) {
  VEC_GROW(journal->moves, journal->count, journal->cap);
  journal->moves[journal->count++] = (Move){kind, path_copy(str_of(staged)), path_copy(str_of(target)), inode};
}

void journal_free(Journal *journal) {
  for (size_t i = 0; i < journal->count; i++) {
    dc_free(journal->moves[i].staged);
    dc_free(journal->moves[i].target);
  }
  dc_free(journal->moves);
  journal->moves = NULL;
  journal->count = journal->cap = journal->done = 0;
}

bool journal_has_steps(const Journal *journal) { return journal->count > 1 || (journal->count && journal->moves[0].kind == MOVE_SWAP); }

static char *staged_path(const Journal *journal, const Move *move) { return path_join(journal->folder, str_of(move->staged)); }

/* "." is left out, as a user would. */
static char *target_path(const Journal *journal, const Move *move) {
  return strcmp(journal->base, ".") == 0 ? path_copy(str_of(move->target)) : path_join(journal->base, str_of(move->target));
}

/* Where a swap of two steps keeps what was at the target. */
static char *aside_path(const Journal *journal, const Move *move) {
  char name[48];
  snprintf(name, sizeof name, "old/swap-%zu", (size_t)(move - journal->moves));
  return path_join(journal->folder, str_of(name));
}

/* ---- one move ---- */

static uint64_t inode_of(const char *path) {
  struct stat status;
  return lstat(path, &status) == 0 ? (uint64_t)status.st_ino : 0;
}

static bool is_there(const char *path) {
  struct stat status;
  return lstat(path, &status) == 0;
}

static bool not_supported(int error) { return error == EINVAL || error == ENOSYS || error == EOPNOTSUPP; }

/* A rename that replaces nothing. */
static bool rename_new(const char *from, const char *to) {
#ifdef RENAME_NOREPLACE
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return true;
  if (!not_supported(errno)) return false;
#endif
  if (is_there(to)) return errno = EEXIST, false;
  return rename(from, to) == 0;
}

static bool exchange(const char *one, const char *other) {
  if (atomic_load(&refuse_exchange)) return errno = EINVAL, false;
#ifdef RENAME_EXCHANGE
  return renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0;
#else
  (void)one, (void)other;
  errno = ENOSYS;
  return false;
#endif
}

static bool swap(const Move *move, const char *staged, const char *target, const char *aside) {
  if (inode_of(target) == move->inode) return true;
  if (is_there(target)) {
    if (exchange(staged, target)) return true;
    if (!not_supported(errno) || !rename_new(target, aside)) return false;
  }
  return rename_new(staged, target);
}

static bool swap_back(const Move *move, const char *staged, const char *target, const char *aside) {
  if (inode_of(target) == move->inode) {
    if (!is_there(aside)) return exchange(staged, target);
    if (!rename_new(target, staged)) return false;
  }
  return is_there(target) || !is_there(aside) || rename_new(aside, target);
}

static bool make_move(const Journal *journal, const Move *move, bool back) {
  char *staged = staged_path(journal, move), *target = target_path(journal, move), *aside = aside_path(journal, move);
  bool ok = true;
  switch (move->kind) {
    case MOVE_PLACE:
      if (back) ok = is_there(staged) || inode_of(target) != move->inode || rename_new(target, staged);
      else ok = !is_there(staged) || rename_new(staged, target);
      break;
    case MOVE_ASIDE:
      if (back) ok = !is_there(staged) || rename_new(staged, target);
      else ok = is_there(staged) || !is_there(target) || rename_new(target, staged);
      break;
    case MOVE_SWAP: ok = back ? swap_back(move, staged, target, aside) : swap(move, staged, target, aside); break;
  }
  int error = errno;
  dc_free(staged);
  dc_free(target);
  dc_free(aside);
  errno = error;
  return ok;
}

/* ---- all moves ---- */

/* The folders whose lists of names were changed; equal ones come in a row. */
static bool sync_targets(const Journal *journal) {
  char *last = NULL;
  bool ok = true;
  for (size_t i = 0; i < journal->count && ok; i++) {
    char *target = target_path(journal, &journal->moves[i]), *folder = path_copy(path_folder(str_of(target)));
    dc_free(target);
    if (!last || strcmp(last, folder) != 0) ok = sync_path(folder);
    dc_free(last);
    last = folder;
  }
  int error = errno;
  dc_free(last);
  errno = error;
  return ok;
}

static DcCode fail_move(const Journal *journal, const Move *move, int error, DcError *err) {
  char *target = target_path(journal, move);
  if (error == EEXIST && move->kind == MOVE_PLACE) dc_fail(err, "\"%s\" exists already", target);
  else dc_fail_errno(err, error, "cannot put %s in place", target);
  dc_free(target);
  return err->code;
}

DcCode journal_run(Journal *journal, DcError *err) {
  for (; journal->done < journal->count; journal->done++) {
    const Move *move = &journal->moves[journal->done];
    bool ok = rename_must_fail() ? (errno = EIO, false) : make_move(journal, move, false);
    if (ok) continue;
    journal->done++; /* half of a swap may be done */
    return fail_move(journal, move, errno, err);
  }
  if (journal->durable && !sync_targets(journal)) return dc_fail_errno(err, errno, "cannot force the names in %s to the disk", journal->base);
  return DC_OK;
}

bool journal_undo(Journal *journal) {
  char *forward = path_join(journal->folder, str_of("journal")), *back = path_join(journal->folder, str_of("back"));
  bool ok = rename(forward, back) == 0 || errno == ENOENT;
  for (; journal->done; journal->done--) {
    if (fault_due()) ok = true; /* tests die here */
    ok = make_move(journal, &journal->moves[journal->done - 1], true) && ok;
  }
  if (journal->durable) ok = sync_targets(journal) && ok;
  if (ok) ok = unlink(back) == 0 || errno == ENOENT;
  dc_free(forward);
  dc_free(back);
  return ok;
}

/* ---- the file ---- */

static void put_text(const Journal *journal, Buf *out) {
  buf_text(out, HEAD);
  for (size_t i = 0; i < journal->count; i++) {
    const Move *move = &journal->moves[i];
    buf_printf(out, "%c%llx", move->kind, (unsigned long long)move->inode);
    buf_char(out, 0);
    buf_put(out, move->staged, strlen(move->staged) + 1);
    buf_put(out, move->target, strlen(move->target) + 1);
  }
  buf_printf(out, "%016llx", (unsigned long long)XXH3_64bits(out->data, out->len));
}

static bool write_file(const char *path, const Buf *text) {
  int fd = fault_due() ? (errno = ENOSPC, -1) : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return false;
  int error = 0;
  for (size_t done = 0; done < text->len && !error;) {
    ssize_t n = write(fd, text->data + done, text->len - done);
    if (n >= 0) done += (size_t)n;
    else if (errno != EINTR) error = errno;
  }
  if (close(fd) != 0 && !error) error = errno;
  errno = error;
  return !error;
}

bool journal_save(const Journal *journal) {
  Buf text = {0};
  put_text(journal, &text);
  char *draft = path_join(journal->folder, str_of("draft")), *final = path_join(journal->folder, str_of("journal"));
  bool ok = write_file(draft, &text);
  ok = ok && (!journal->durable || sync_path(draft)) && (fault_due() ? (errno = EIO, false) : rename(draft, final) == 0);
  ok = ok && (!journal->durable || (sync_path(journal->folder) && sync_path(journal->base)));
  int error = errno;
  dc_free(draft);
  dc_free(final);
  buf_free(&text);
  errno = error;
  return ok;
}

bool journal_remove(const Journal *journal) {
  static const char *const NAMES[] = {"journal", "back"};
  int error = fault_due() ? EIO : 0;
  for (size_t i = 0; i < 2 && !error; i++) {
    char *path = path_join(journal->folder, str_of(NAMES[i]));
    if (unlink(path) != 0 && errno != ENOENT) error = errno;
    dc_free(path);
  }
  if (!error && journal->durable && !sync_path(journal->folder)) error = errno;
  errno = error;
  return !error;
}

static bool read_file(const char *path, Buf *out) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t n = 0;
  do {
    if (n > 0) out->len += (size_t)n;
    buf_reserve(out, 1 << 16);
    n = read(fd, out->data + out->len, 1 << 16);
  } while (n > 0 || (n < 0 && errno == EINTR));
  int error = errno;
  close(fd); /* only read */
  errno = error;
  return n == 0;
}

/* A relative path without "..": a journal leads nowhere else than below its folders. */
static bool is_inside(const char *path) {
  if (!*path || *path == '/') return false;
  for (const char *part = path; part; part = strchr(part, '/')) {
    part += *part == '/';
    if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || !part[2])) return false;
  }
  return true;
}

/* The next field; NULL at the end. */
static const char *field(const char **at, const char *end) {
  const char *start = *at, *stop = memchr(start, 0, (size_t)(end - start));
  if (!stop) return NULL;
  *at = stop + 1;
  return start;
}

static bool parse(Journal *journal, const Buf *text) {
  enum { SUM = 16 };
  size_t head = strlen(HEAD);
  char sum[SUM + 1];
  if (text->len < head + SUM || memcmp(text->data, HEAD, head) != 0) return false;
  snprintf(sum, sizeof sum, "%016llx", (unsigned long long)XXH3_64bits(text->data, text->len - SUM));
  if (memcmp(sum, text->data + text->len - SUM, SUM) != 0) return false;
  const char *at = text->data + head, *end = text->data + text->len - SUM;
  while (at < end) {
    const char *kind = field(&at, end), *staged = kind ? field(&at, end) : NULL, *target = staged ? field(&at, end) : NULL;
    if (!target || !strchr("PAS", *kind) || !is_inside(staged) || !is_inside(target)) return false;
    journal_add(journal, (MoveKind)*kind, staged, target, strtoull(kind + 1, NULL, 16));
  }
  return true;
}

DcCode journal_load(Journal *journal, bool *found, bool *forward, DcError *err) {
  static const char *const NAMES[] = {"back", "journal"};
  *found = false;
  for (size_t i = 0; i < 2 && !*found && err->code == DC_OK; i++) {
    Buf text = {0};
    char *path = path_join(journal->folder, str_of(NAMES[i]));
    *found = read_file(path, &text);
    *forward = i == 1;
    if (!*found && errno != ENOENT) dc_fail_errno(err, errno, "cannot read %s", path);
    else if (*found && !parse(journal, &text)) {
      dc_fail(err, "%s is damaged: outputs below %s may be of two runs", path, journal->base);
      dc_hint(err, "look at them, then remove the folder %s", journal->folder);
    }
    dc_free(path);
    buf_free(&text);
  }
  return err->code;
}
