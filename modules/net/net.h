/* net.h - the parts of the module dcetl-net.so: texts (text.c), requests over HTTP that are tried again (client.c), XML (xml.c),
 * and one file for each kind of store. module.c finds the store of a URL.
 *
 * A store's calls come from many threads at once: what they share is the client's pool (locked) and what is said to be locked.
 */
#ifndef MODULES_NET_H
#define MODULES_NET_H

#include <pthread.h>
#include <time.h>

#include "io/remote_module.h"
#include "module.h"

enum {
  NET_MOST_BODY = 64 << 20, /* bytes of an answer that is kept: listings, errors */
  NET_VERSION = sizeof((RemoteInfo *)NULL)->version,
};

#define NET_NO_MEMORY "no memory left"

/* Sets what kind of failure it is, unless there is one already; gives -1. */
int net_fail(RemoteError *error, RemoteFailure kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
int net_no_memory(RemoteError *error);

/* --- Texts: Bytes that end with a zero which is not counted --- */

void text_put(Bytes *text, const char *more);
void text_put_len(Bytes *text, const char *more, size_t len);
void text_format(Bytes *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "" rather than NULL; valid until the next change. */
const char *text_of(const Bytes *text);
char *text_copy(const char *text, size_t len); /* freed by free; NULL: no memory */
/* Percent-encodes all but letters, digits, "-._~" and the bytes in `also`. */
void text_encode(Bytes *text, const char *raw, size_t len, const char *also);
/* Undoes %XX; other bytes stay (also +). */
void text_decode(Bytes *text, const char *encoded, size_t len);
void text_hex(Bytes *text, const uint8_t *data, size_t len);
void text_base64(Bytes *text, const void *data, size_t len, bool url); /* url: with - and _, without = */
bool text_unbase64(Bytes *out, const char *text);                      /* false: it is none */
bool text_begins(const char *text, const char *prefix);
bool text_same_case(const char *a, const char *b); /* whatever the case of its letters */
/* A decimal number that is the whole text. */
bool text_number(const char *text, uint64_t *out);

/* A variable of the environment; NULL: it is not set or empty. */
const char *net_variable(const char *name);
/* "https://host:port/path/" in two, to be freed: what is before the path, and the path without / at its end. */
int net_endpoint(const char *endpoint, char **base, char **prefix, RemoteError *error);

/* Names with values: headers, parameters of a query. They own their texts. */
typedef struct Pair {
  char *name, *value;
} Pair;
typedef struct Pairs {
  Pair *items;
  size_t count, cap;
  bool failed; /* there was no memory for one */
} Pairs;
void pairs_put(Pairs *pairs, const char *name, const char *value);
const char *pairs_get(const Pairs *pairs, const char *name); /* whatever the case of the name; NULL: it is not there */
void pairs_clear(Pairs *pairs);
void pairs_free(Pairs *pairs);
/* "a=1&b=2", encoded; puts the pairs into order of their names, as signatures want it. */
void pairs_query(Pairs *pairs, Bytes *out);

/* --- Parameters of a store --- */

typedef struct Settings {
  char *access_key, *secret_key, *session_token, *endpoint, *region, *profile, *token, *user, *password; /* NULL: not given */
  Pairs headers;
  int path_style; /* -1: not given */
  uint32_t timeout, retries;
} Settings;

/* --- Requests --- */

typedef struct Transfer Transfer;
typedef struct Client {
  const RemoteHost *host;
  const char *authorities; /* a file of certificates; NULL: that of the system */
  uint32_t timeout, retries, connect_timeout; /* seconds, times, seconds */
  bool direct;     /* by no proxy */
  bool plain_only; /* HTTP/1.1: each connection as fast as it gets, several of them */
  pthread_mutex_t lock;
  Transfer *idle; /* connections that wait for the next request */
} Client;

int client_init(Client *client, const RemoteHost *host, const Settings *settings, RemoteError *error);
/* For services of the machine itself or close to it: by no proxy, once, and not for long. */
int client_init_near(Client *client, const RemoteHost *host, RemoteError *error);
void client_deinit(Client *client);

typedef struct Response {
  long status;
  Pairs headers;
  Bytes body; /* of what was not taken otherwise */
} Response;
void response_free(Response *response);
/* ETag, else the moment of the last change; "": it has none. */
void response_version(const Response *response, char out[NET_VERSION]);
/* "503 Service Unavailable". */
void response_status(const Response *response, char *out, size_t size);

typedef enum Verdict {
  VERDICT_FINE,
  VERDICT_AGAIN,         /* after a pause */
  VERDICT_AGAIN_CHANGED, /* at once: something was learnt (a region, new credentials) */
  VERDICT_FAILED,        /* the error is set */
} Verdict;

/* A request and where its answer goes. Zero, but for what is wanted; request_free when all is done. */
typedef struct Request Request;
struct Request {
  const char *method;
  Bytes base;    /* "https://host:port" */
  Bytes path;    /* encoded, from "/" on */
  Bytes query;   /* encoded, without "?" */
  Bytes user;    /* "user:password" of the URL, encoded */
  Pairs headers; /* also for the server that a redirect leads to */
  Pairs signed_headers; /* of prepare, which signs them */
  const void *body;
  uint64_t body_size;
  bool urgent;       /* also while the run ends, but not for long: what removes what was begun */
  bool once;         /* not tried again if the server may have done it */
  bool follow;       /* redirects */
  bool missing_fine; /* 404 is an answer */

  void *self; /* of the next two */
  uint64_t tag; /* theirs: which keys signed it */
  char payload[65]; /* theirs: SHA-256 of the body */
  /* Headers of one attempt, for our own server only: signatures, keys. May change base, path and query. */
  int (*prepare)(void *self, Request *request, Pairs *headers, RemoteError *error);
  /* What an answer means; NULL: net_judge. */
  Verdict (*judge)(void *self, Request *request, const Response *response, RemoteError *error);

  /* A part of a file, or with take the whole. Bytes that have come are not asked for again when a connection is lost. */
  bool file;           /* the body is a file's, of one version */
  bool unranged;       /* prepare says which bytes, in its own way: the answer has them and no others */
  uint64_t offset, size; /* size UINT64_MAX: to its end */
  char *into;          /* room for size bytes */
  bool (*take)(void *self, const void *data, size_t size);
  void *take_self;
  uint64_t got;        /* bytes that have come */
  char version[NET_VERSION]; /* which is wanted; "": any, and then the one that came */
};

void request_free(Request *request);
/* Sends a request, again if that helps; 0: the answer is fine. */
int client_send(Client *client, Request *request, Response *response, RemoteError *error);
/* The usual meaning: 2xx is fine, 408, 429 and 5xx are for later. */
Verdict net_judge(const Request *request, const Response *response, RemoteError *error);
bool net_status_again(long status);            /* what it says may be otherwise the next time */
RemoteFailure net_status_kind(long status);
/* Waits; false: the run is to end. */
bool client_pause(const Client *client, uint32_t milliseconds);
/* A line of the log, for --log-level debug. */
void client_debug(const Client *client, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What the headers say of a file whose whole or part the response is. */
void response_info(const Response *response, RemoteInfo *out);

/* --- Signatures (sign.c) --- */

enum { NET_SHA256 = 32 };
void net_sha256(const void *data, size_t len, uint8_t out[NET_SHA256]);
void net_hmac(const void *key, size_t key_len, const char *text, size_t len, uint8_t out[NET_SHA256]);

typedef struct SignKeys {
  const char *access_key, *secret_key, *session_token; /* the last may be NULL */
  const char *region, *service;
} SignKeys;
/* Adds x-amz-date, x-amz-security-token and Authorization to the headers, all of which are signed with the host. path and query are as they are sent,
   payload is the hash in x-amz-content-sha256, which is among the headers already where the service wants it. AWS Signature Version 4. */
void sign_v4(const SignKeys *keys, const char *method, const char *host, const char *path, const char *query, const char *payload, time_t now, Pairs *headers);
/* Adds Authorization: SharedKey. path and query (in order of its names) are as they are sent, key is base64 (false: it is not), and of the headers the
   names that begin with x-ms- are in small letters. */
bool sign_shared_key(const char *account, const char *key, const char *method, const char *path, const char *query, const char *content_type, uint64_t size,
                     Pairs *headers);
/* The host of a base as the header Host has it: without the port that its scheme has anyway. */
void net_host(const char *base, Bytes *out);

/* --- Keys (credentials.c) --- */

typedef struct Keys {
  char *access_key, *secret_key, *session_token;
  time_t expires; /* 0: never */
  bool anonymous; /* nobody is known */
  bool fixed;     /* of the parameters: looking again finds the same */
} Keys;
/* Looks where Amazon's tools look: parameters, environment, files, processes, the metadata service; else nobody. */
int keys_find(RemoteStore *store, Keys *out, RemoteError *error);
void keys_free(Keys *keys);
/* A value of the profile's section in the two files; NULL: it is not there. To be freed. */
char *profile_value(const Settings *settings, const char *name);
/* A value of a section of such a file's text; the last one counts. To be freed. */
char *ini_value(const char *text, const char *section, const char *name);
/* A whole file as text; false: it cannot be read. */
bool net_file(const char *path, Bytes *out);

/* --- Tokens (token.c) --- */

typedef struct Token {
  char *text;
  time_t expires; /* 0: never */
} Token;
void token_free(Token *token);
/* A token in exchange for a form (OAuth 2.0, RFC 6749), or with form NULL from a metadata service, which gets the header. */
int token_ask(RemoteStore *store, const char *url, const Pairs *form, const char *header, const char *value, Token *out, RemoteError *error);
/* The same from a service of the machine, where there is one. */
bool token_ask_near(const RemoteHost *host, const char *url, const char *header, const char *value, Token *out);
/* A JWT (RFC 7515, RFC 7519) signed by a private key in PEM, RS256. Freed by the caller; NULL: with the error. */
char *token_jwt(const char *header, const char *claims, const char *pem, RemoteError *error);

/* --- XML (xml.c) --- */

typedef struct XmlNode XmlNode;
struct XmlNode {
  char *name;  /* without a prefix */
  Bytes text;  /* directly within it */
  XmlNode *first, *last, *next;
};
XmlNode *xml_read(const char *text, size_t len); /* NULL: it is no XML */
void xml_free(XmlNode *node);
/* By a path of names below the node, "Contents/Key"; NULL: there is none. */
const XmlNode *xml_at(const XmlNode *node, const char *path);
const char *xml_text(const XmlNode *node, const char *path); /* "": there is none */

/* --- Stores --- */

typedef struct Backend Backend;
struct RemoteStore {
  const Backend *backend;
  const RemoteHost *host;
  Client client;
  Settings settings;
  char *scheme, *place; /* "s3", "bucket" */
  void *own;            /* the backend's */
};

/* One kind of store; NULL: it cannot do that. The functions are those of RemoteModule. */
struct Backend {
  const char *const *schemes;
  int (*open)(RemoteStore *store, RemoteError *error);
  void (*close)(RemoteStore *store);
  int (*look)(RemoteStore *store, const char *url, RemoteInfo *out, RemoteError *error);
  int (*list)(RemoteStore *store, const char *url, const char *begins, bool deep, bool (*found)(void *self, const char *name, const RemoteInfo *info), void *self,
              RemoteError *error);
  int (*aim)(RemoteStore *store, const char *url, Request *request, RemoteError *error); /* where a file is: base, path, query, functions */
  int (*inspect)(RemoteStore *store, const char *url, RemoteInfo *out, RemoteError *error); /* of a file, where the answer does not tell its size and version */
  void (*limits)(RemoteStore *store, RemoteLimits *out);
  int (*put)(RemoteStore *store, const char *url, const char *content_type, const void *data, uint64_t size, RemoteError *error);
  int (*begin)(RemoteStore *store, const char *url, const char *content_type, RemoteUpload **out, RemoteError *error);
  int (*part)(RemoteUpload *upload, uint32_t number, const void *data, uint64_t size, RemoteError *error);
  int (*complete)(RemoteUpload *upload, RemoteError *error);
  void (*free_upload)(RemoteUpload *upload);
  int (*remove)(RemoteStore *store, const char *url, RemoteError *error);
};

/* A listing of names that are only texts, in which folders are prefixes up to a "/". */
typedef struct Listing {
  const char *begins; /* the prefix that was asked for; a store that knows only folders of a disk may tell others */
  size_t prefix; /* bytes of names that are not told */
  bool (*found)(void *self, const char *name, const RemoteInfo *info);
  void *self;
  bool stopped, failed; /* failed: there was no memory */
} Listing;
/* *prefix: what names below the path, and there with `begins`, begin with. It must not change until the listing's end. */
Listing listing_begin(const char *path, const char *begins, Bytes *prefix, bool (*found)(void *self, const char *name, const RemoteInfo *info), void *self);
/* Tells of a whole name, unless it is an object that only marks a folder. */
void listing_tell(Listing *listing, const char *name, const RemoteInfo *info);

/* Every upload begins with this. */
struct RemoteUpload {
  RemoteStore *store;
};

extern const Backend http_backend, s3_backend, webhdfs_backend, az_backend, gs_backend;

/* Authorization: Basic (RFC 7617). */
void net_basic(const RemoteHost *host, Pairs *headers, const char *user, const char *password);

/* The text behind "scheme://place/", byte for byte. */
const char *url_path(const char *url);

#endif
