/* link.c - connections, each with a thread of its own that alone calls the driver.
 *
 * Whoever gives it a job waits for it, and asks ten times a second whether the run is to end. If it is, the statement is cancelled
 * (SQLCancel may be called by another thread), and what does not end within some seconds is left to itself: the link is lost then, and
 * its thread frees it when the driver comes back. Drivers that cannot be used by several threads at once are serialised by the driver
 * manager (Threading in odbcinst.ini).
 */
#include <signal.h>
#include <time.h>

#include "odbc/odbc.h"

enum { ASK_MS = 100, GRACE_MS = 3000 };

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- The thread --- */

static void destroy_link(Link *link) {
  pthread_mutex_destroy(&link->lock);
  pthread_cond_destroy(&link->changed);
  free(link);
}

static void disconnect(Link *link) {
  if (link->dbc) SQLEndTran(SQL_HANDLE_DBC, link->dbc, SQL_ROLLBACK);
  if (link->dbc) SQLDisconnect(link->dbc);
  if (link->dbc) SQLFreeHandle(SQL_HANDLE_DBC, link->dbc);
  if (link->env) SQLFreeHandle(SQL_HANDLE_ENV, link->env);
  link->dbc = link->env = NULL;
}

static void *work(void *arg) {
  Link *link = arg;
  pthread_mutex_lock(&link->lock);
  while (!link->lost) {
    while (!link->quit && !link->job) pthread_cond_wait(&link->changed, &link->lock);
    if (!link->job) break;
    pthread_mutex_unlock(&link->lock);
    int status = link->job(link->self, &link->error);
    pthread_mutex_lock(&link->lock);
    link->job = NULL;
    link->status = status;
    link->busy = false;
    pthread_cond_broadcast(&link->changed);
  }
  pthread_mutex_unlock(&link->lock);
  disconnect(link);
  pthread_mutex_lock(&link->lock);
  bool lost = link->lost;
  link->ended = true;
  pthread_cond_broadcast(&link->changed);
  pthread_mutex_unlock(&link->lock);
  if (lost) destroy_link(link);
  return NULL;
}

/* Signals belong to the program's main thread. */
static int start_thread(pthread_t *thread, void *(*run)(void *), void *self) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int status = pthread_create(thread, NULL, run, self);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return status;
}

static Link *new_link(System *system) {
  pthread_condattr_t monotonic;
  Link *link = calloc(1, sizeof *link);
  if (!link) return NULL;
  link->system = system;
  pthread_mutex_init(&link->lock, NULL);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&link->changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  if (start_thread(&link->thread, work, link) == 0) return link;
  destroy_link(link);
  return NULL;
}

/* --- Jobs --- */

void link_start(Link *link, LinkJob job, void *self) {
  pthread_mutex_lock(&link->lock);
  link->self = self;
  link->error = (TableError){.text = ""};
  link->cancelled = false;
  link->busy = true;
  link->job = job;
  pthread_cond_broadcast(&link->changed);
  pthread_mutex_unlock(&link->lock);
}

static void *cancel(void *arg) {
  SQLCancel(arg);
  return NULL;
}

/* Under the lock. */
static void ask_to_end(Link *link) {
  link->cancelled = true;
  if (link->running && !link->cancelling) link->cancelling = start_thread(&link->canceller, cancel, link->running) == 0;
}

/* From here on SQLCancel may end what the statement does. false: the job is to end. */
static bool begin_wait(Link *link, SQLHSTMT statement) {
  pthread_mutex_lock(&link->lock);
  bool go_on = !link->cancelled;
  if (go_on) link->running = statement;
  pthread_mutex_unlock(&link->lock);
  return go_on;
}

static void end_wait(Link *link) {
  pthread_mutex_lock(&link->lock);
  link->running = NULL;
  bool cancelling = link->cancelling;
  pthread_mutex_unlock(&link->lock);
  if (!cancelling) return;
  pthread_join(link->canceller, NULL);
  pthread_mutex_lock(&link->lock);
  link->cancelling = false;
  pthread_mutex_unlock(&link->lock);
}

/* Under the lock: waits so many milliseconds at most for a change. */
static void wait_some(Link *link, int64_t ms) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += ms / 1000;
  until.tv_nsec += ms % 1000 * 1000000;
  if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
  pthread_cond_timedwait(&link->changed, &link->lock, &until);
}

/* Nobody waits for it any more. Under the lock. */
static void lose(Link *link) {
  link->lost = true;
  link->system->lost = true;
  pthread_detach(link->thread);
}

/* Waits for the job, under the lock. end_at: when it is asked to end; 0: when the run is to end. false: the link is lost. */
static bool wait_for(Link *link, int64_t end_at) {
  int64_t asked = 0;
  while (link->busy) {
    int64_t now = now_ms();
    if (!asked && (end_at ? now >= end_at : link->system->host->stopped())) {
      asked = now;
      ask_to_end(link);
    }
    if (asked && now - asked >= GRACE_MS) {
      lose(link);
      return false;
    }
    wait_some(link, ASK_MS);
  }
  return true;
}

int link_wait(Link *link, TableError *error) {
  pthread_mutex_lock(&link->lock);
  bool there = wait_for(link, 0), cancelled = link->cancelled;
  int status = there && !cancelled ? link->status : -1;
  if (status != 0 && !cancelled && !error->text[0]) *error = link->error;
  pthread_mutex_unlock(&link->lock);
  return cancelled ? MODULE_FAIL(error, "interrupted") : status;
}

int link_run(Link *link, LinkJob job, void *self, TableError *error) {
  link_start(link, job, self);
  return link_wait(link, error);
}

int link_clean(Link *link, LinkJob job, void *self) {
  link_start(link, job, self);
  pthread_mutex_lock(&link->lock);
  int status = wait_for(link, now_ms() + GRACE_MS) ? link->status : -1;
  pthread_mutex_unlock(&link->lock);
  return status;
}

bool link_stop(Link *link) {
  pthread_mutex_lock(&link->lock);
  bool there = wait_for(link, 1);
  pthread_mutex_unlock(&link->lock);
  return there;
}

void link_close(Link *link) {
  if (!link || link->lost) return; /* a lost one is ended by its thread */
  pthread_mutex_lock(&link->lock);
  link->quit = true;
  pthread_cond_broadcast(&link->changed);
  for (int64_t end = now_ms() + GRACE_MS; !link->ended && now_ms() < end;) wait_some(link, ASK_MS);
  bool ended = link->ended;
  if (!ended) lose(link);
  pthread_mutex_unlock(&link->lock);
  if (!ended) return;
  pthread_join(link->thread, NULL);
  destroy_link(link);
}

void link_done(Link *link) {
  System *system = link->system;
  pthread_mutex_lock(&system->lock);
  bool kept = !link->lost && system->idle_count < ODBC_MOST_IDLE;
  if (kept) system->idle[system->idle_count++] = link;
  pthread_mutex_unlock(&system->lock);
  if (!kept) link_close(link);
}

/* --- Logging in --- */

static int log_in(Link *link, const OdbcLogin *login, TableError *error) {
  SQLSMALLINT len;
  bool good = SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &link->env)) &&
              SQL_SUCCEEDED(SQLSetEnvAttr(link->env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0)) &&
              SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, link->env, &link->dbc));
  if (!good) return MODULE_FAIL(error, "the driver manager gives no handle");
  SQLWCHAR *text = odbc_login_text(login, &len);
  if (!text) return MODULE_FAIL(error, "the connection string is too long, or there is no memory left");
  SQLSetConnectAttr(link->dbc, SQL_ATTR_LOGIN_TIMEOUT, (SQLPOINTER)(intptr_t)link->system->timeout, SQL_IS_UINTEGER); /* not all drivers know it */
  SQLRETURN answer = SQLDriverConnectW(link->dbc, NULL, text, len, NULL, 0, NULL, SQL_DRIVER_NOPROMPT);
  free(text);
  if (SQL_SUCCEEDED(answer)) return 0;
  odbc_failed(link, SQL_HANDLE_DBC, link->dbc, "", error);
  SQLFreeHandle(SQL_HANDLE_DBC, link->dbc);
  link->dbc = NULL;
  disconnect(link);
  return -1;
}

/* What the driver says of itself and of its database. */
static void ask_driver(Link *link) {
  System *system = link->system;
  char driver[128] = "", quote[8] = "";
  SQLSMALLINT len;
  SQLGetInfo(link->dbc, SQL_DRIVER_NAME, driver, sizeof driver, &len);
  SQLGetInfo(link->dbc, SQL_DBMS_NAME, system->dbms, sizeof system->dbms, &len);
  SQLGetInfo(link->dbc, SQL_IDENTIFIER_QUOTE_CHAR, quote, sizeof quote, &len);
  SQLGetInfo(link->dbc, SQL_GETDATA_EXTENSIONS, &system->get_data, sizeof system->get_data, &len);
  SQLGetInfo(link->dbc, SQL_TXN_CAPABLE, &system->transactions, sizeof system->transactions, &len);
  system->quote = quote[0] ? quote[0] : ' ';
  system->quirks = odbc_quirks(driver);
}

static int begin_session(Link *link, TableError *error) {
  const OdbcQuirks *quirks = link->system->quirks;
  for (size_t i = 0; i < sizeof quirks->first / sizeof *quirks->first && quirks->first[i]; i++)
    if (odbc_run(link, quirks->first[i], error) != 0) return -1;
  return 0;
}

/* The first connection tells which driver it is; if it is to be told something, there is a second one. */
static int first_login(Link *link, TableError *error) {
  System *system = link->system;
  uint32_t given = system->login.count;
  if (log_in(link, &system->login, error) != 0) return -1;
  ask_driver(link);
  for (size_t i = 0; i < sizeof system->quirks->pairs / sizeof *system->quirks->pairs && system->quirks->pairs[i][0]; i++)
    if (odbc_login_put(&system->login, system->quirks->pairs[i][0], system->quirks->pairs[i][1], false) != 0) return MODULE_FAIL(error, "there are too many keywords");
  system->utf8 = system->quirks->utf8 && odbc_login_utf8(&system->login);
  if (system->login.count == given) return 0;
  disconnect(link);
  return log_in(link, &system->login, error);
}

static int login_job(void *self, TableError *error) {
  Link *link = self;
  int status = link->system->quirks ? log_in(link, &link->system->login, error) : first_login(link, error);
  if (status == 0) status = begin_session(link, error);
  return status;
}

/* Is it worth to try again? Not what another try does not change. */
static bool may_pass(const Link *link, const TableError *error) {
  static const char *const lasting[] = {"password", "authentication", "denied", "does not exist", "unknown", "no pg_hba"};
  static const char *const states[] = {"08001", "08004", "08S01", "HYT00", "HYT01", "HY000", "57P03"};
  bool passing = false;
  for (size_t i = 0; i < sizeof states / sizeof *states; i++) passing = passing || strcmp(link->state, states[i]) == 0;
  for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++) passing = passing && !strcasestr(error->text, lasting[i]);
  return passing;
}

static bool nap(const System *system, int64_t ms, bool cleaning) {
  for (int64_t end = now_ms() + ms; now_ms() < end;) {
    if (!cleaning && system->host->stopped()) return false;
    struct timespec step = {0, 50 * 1000000};
    nanosleep(&step, NULL);
  }
  return true;
}

/* One try; *again: another one may do. */
static int try_login(System *system, bool cleaning, Link **out, bool *again, TableError *error) {
  Link *link = new_link(system);
  *again = false;
  if (!link) return MODULE_FAIL(error, "no memory left, or no more threads");
  link_start(link, login_job, link);
  pthread_mutex_lock(&link->lock);
  int64_t begun = now_ms(), allowed = (cleaning ? 5 : system->timeout + 1) * INT64_C(1000);
  bool there = true;
  while (there && link->busy && now_ms() - begun < allowed && (cleaning || !system->host->stopped())) wait_some(link, ASK_MS);
  if (link->busy) lose(link), there = false;
  int status = there ? link->status : -1;
  if (there && status != 0) *error = link->error;
  pthread_mutex_unlock(&link->lock);
  if (status == 0) {
    *out = link;
    return 0;
  }
  bool waited = now_ms() - begun >= system->timeout * INT64_C(1000) - 500; /* as long as was allowed */
  *again = there && !waited && may_pass(link, error);
  if (there) link_close(link);
  else if (!cleaning && system->host->stopped()) MODULE_FAIL(error, "interrupted");
  else {
    MODULE_HINT(error, "check the server's name and port; @timeout = 60 waits longer");
    MODULE_FAIL(error, "the server does not answer within %d seconds", system->timeout);
  }
  return -1;
}

int link_open(System *system, bool cleaning, Link **out, TableError *error) {
  static const int64_t pauses[] = {200, 400, 800};
  pthread_mutex_lock(&system->lock);
  Link *idle = system->idle_count ? system->idle[--system->idle_count] : NULL;
  pthread_mutex_unlock(&system->lock);
  if (idle) {
    *out = idle;
    return 0;
  }
  bool again;
  for (size_t i = 0;; i++) {
    TableError one = {.text = ""};
    int status = try_login(system, cleaning, out, &again, &one);
    if (status == 0) return 0;
    if (again && i < sizeof pauses / sizeof *pauses && nap(system, pauses[i], cleaning)) continue;
    if (!error->text[0]) *error = one;
    return -1;
  }
}

/* --- What jobs do --- */

static int interrupted(TableError *error) { return MODULE_FAIL(error, "interrupted"); }

int odbc_statement(Link *link, SQLHSTMT *out, TableError *error) {
  *out = NULL;
  if (SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, link->dbc, out))) return 0;
  *out = NULL;
  return odbc_failed(link, SQL_HANDLE_DBC, link->dbc, "", error);
}

void odbc_statement_free(Link *link, SQLHSTMT *statement) {
  (void)link;
  if (!*statement) return;
  SQLFreeHandle(SQL_HANDLE_STMT, *statement);
  *statement = NULL;
}

int odbc_prepare(Link *link, SQLHSTMT statement, const char *text, TableError *error) {
  size_t count;
  SQLWCHAR *wide = odbc_wide(text, strlen(text), &count);
  if (!wide || count > INT32_MAX) return free(wide), MODULE_FAIL(error, "no memory left, or the statement is too long");
  SQLRETURN answer = SQL_ERROR;
  bool go_on = begin_wait(link, statement);
  if (go_on) {
    answer = SQLPrepareW(statement, wide, (SQLINTEGER)count);
    end_wait(link);
  }
  free(wide);
  if (!go_on) return interrupted(error);
  return SQL_SUCCEEDED(answer) ? 0 : odbc_failed(link, SQL_HANDLE_STMT, statement, "", error);
}

int odbc_execute(Link *link, SQLHSTMT statement, TableError *error) {
  if (!begin_wait(link, statement)) return interrupted(error);
  SQLRETURN answer = SQLExecute(statement);
  end_wait(link);
  return SQL_SUCCEEDED(answer) || answer == SQL_NO_DATA ? 0 : odbc_failed(link, SQL_HANDLE_STMT, statement, "", error);
}

int odbc_execute_text(Link *link, SQLHSTMT statement, const char *text, TableError *error) {
  size_t count;
  SQLWCHAR *wide = odbc_wide(text, strlen(text), &count);
  int status = wide && count <= INT32_MAX ? 0 : MODULE_FAIL(error, "no memory left, or the statement is too long");
  if (status == 0 && !begin_wait(link, statement)) status = interrupted(error);
  if (status == 0) {
    SQLRETURN answer = SQLExecDirectW(statement, wide, (SQLINTEGER)count);
    end_wait(link);
    if (!SQL_SUCCEEDED(answer) && answer != SQL_NO_DATA) status = odbc_failed(link, SQL_HANDLE_STMT, statement, "", error);
  }
  free(wide);
  return status;
}

int odbc_run(Link *link, const char *text, TableError *error) {
  SQLHSTMT statement;
  if (odbc_statement(link, &statement, error) != 0) return -1;
  int status = odbc_execute_text(link, statement, text, error);
  odbc_statement_free(link, &statement);
  return status;
}

int odbc_fetch(Link *link, SQLHSTMT statement, SQLRETURN *out, TableError *error) {
  if (!begin_wait(link, statement)) return interrupted(error);
  *out = SQLFetch(statement);
  end_wait(link);
  return SQL_SUCCEEDED(*out) || *out == SQL_NO_DATA ? 0 : odbc_failed(link, SQL_HANDLE_STMT, statement, "", error);
}

int odbc_transactions(Link *link, bool manual, TableError *error) {
  if (link->manual == manual) return 0;
  SQLPOINTER value = (SQLPOINTER)(uintptr_t)(manual ? SQL_AUTOCOMMIT_OFF : SQL_AUTOCOMMIT_ON);
  if (!SQL_SUCCEEDED(SQLSetConnectAttr(link->dbc, SQL_ATTR_AUTOCOMMIT, value, SQL_IS_UINTEGER)))
    return odbc_failed(link, SQL_HANDLE_DBC, link->dbc, "transactions: ", error);
  link->manual = manual;
  return 0;
}

int odbc_end(Link *link, bool commit, TableError *error) {
  if (SQL_SUCCEEDED(SQLEndTran(SQL_HANDLE_DBC, link->dbc, commit ? SQL_COMMIT : SQL_ROLLBACK))) return 0;
  return odbc_failed(link, SQL_HANDLE_DBC, link->dbc, "", error);
}
