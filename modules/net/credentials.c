/* credentials.c - whose keys sign requests to S3: in the order of Amazon's tools. What is found is told to the host as secret. */
#include <stdio.h>
#include <time.h>
#include <yyjson.h>

#include "net.h"

#define LINK_LOCAL "http://169.254.169.254"
#define CONTAINER "http://169.254.170.2"

void keys_free(Keys *keys) {
  free(keys->access_key);
  free(keys->secret_key);
  free(keys->session_token);
  *keys = (Keys){.access_key = NULL};
}

static int set_keys(const RemoteStore *store, Keys *out, const char *access_key, const char *secret_key, const char *session_token, RemoteError *error) {
  keys_free(out);
  out->access_key = strdup(access_key);
  out->secret_key = strdup(secret_key);
  out->session_token = session_token && *session_token ? strdup(session_token) : NULL;
  if (!out->access_key || !out->secret_key || (session_token && *session_token && !out->session_token)) return net_no_memory(error);
  store->host->secret(secret_key);
  if (out->session_token) store->host->secret(out->session_token);
  return 1;
}

/* --- JSON of processes and services --- */

static time_t read_moment(const char *text) {
  struct tm parts = {.tm_year = 0};
  const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &parts) : NULL;
  return end ? timegm(&parts) : 0;
}

/* 1: keys are in it, 0: there are none. */
static int keys_of_json(const RemoteStore *store, const char *text, size_t len, Keys *out, RemoteError *error) {
  yyjson_doc *doc = yyjson_read(text, len, 0);
  yyjson_val *root = yyjson_doc_get_root(doc);
  const char *access_key = yyjson_get_str(yyjson_obj_get(root, "AccessKeyId")), *secret_key = yyjson_get_str(yyjson_obj_get(root, "SecretAccessKey"));
  const char *token = yyjson_get_str(yyjson_obj_get(root, "SessionToken"));
  if (!token) token = yyjson_get_str(yyjson_obj_get(root, "Token"));
  int status = access_key && secret_key ? set_keys(store, out, access_key, secret_key, token, error) : 0;
  if (status > 0) out->expires = read_moment(yyjson_get_str(yyjson_obj_get(root, "Expiration")));
  yyjson_doc_free(doc);
  return status;
}

/* credential_process of a profile: a command that prints JSON. */
static int keys_of_process(const RemoteStore *store, const char *command, Keys *out, RemoteError *error) {
  Bytes text = {.data = NULL};
  char block[4096];
  size_t got;
  FILE *pipe = popen(command, "re");
  if (!pipe) return net_fail(error, REMOTE_FAILED, "the credential_process of the profile cannot be started");
  while ((got = fread(block, 1, sizeof block, pipe)) > 0) text_put_len(&text, block, got);
  int ended = pclose(pipe);
  int status = ended == 0 ? keys_of_json(store, text_of(&text), text.len, out, error) : 0;
  if (status == 0) status = net_fail(error, REMOTE_DENIED, "the credential_process of the profile gives no keys (status %d)", ended >> 8 & 255);
  bytes_free(&text);
  return status;
}

/* --- Services on the machine itself --- */

/* A request to such a service, once and not for long; false: there is none. */
static bool ask(Client *client, const char *method, const char *base, const char *path, const char *name, const char *value, Response *response) {
  Request request = {.method = method};
  RemoteError ignored = {.kind = REMOTE_FAILED};
  const char *rest = strstr(base, "://");
  rest = rest ? strchr(rest + 3, '/') : NULL;
  text_put_len(&request.base, base, rest ? (size_t)(rest - base) : strlen(base));
  if (rest && strcmp(rest, "/") != 0) text_put(&request.path, rest);
  text_put(&request.path, path);
  if (value && *value) pairs_put(&request.headers, name, value);
  int status = client_send(client, &request, response, &ignored);
  request_free(&request);
  return status == 0 && response->body.len;
}

/* Version 2 of the metadata service of an instance: a token, the name of its role, that role's keys. */
static int keys_of_instance(RemoteStore *store, Client *client, Keys *out, RemoteError *error) {
  static const char roles[] = "/latest/meta-data/iam/security-credentials/";
  const char *off = net_variable("AWS_EC2_METADATA_DISABLED"), *base = net_variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (off && text_same_case(off, "true")) return 0;
  if (!base) base = LINK_LOCAL;
  Response token = {.status = 0}, role = {.status = 0}, keys = {.status = 0};
  Bytes path = {.data = NULL};
  int status = 0;
  if (ask(client, "PUT", base, "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", "21600", &token)) {
    const char *name = "X-aws-ec2-metadata-token", *value = text_of(&token.body);
    store->host->secret(value);
    if (ask(client, "GET", base, roles, name, value, &role)) {
      text_format(&path, "%s%.*s", roles, (int)strcspn(text_of(&role.body), "\r\n"), text_of(&role.body));
      if (ask(client, "GET", base, text_of(&path), name, value, &keys)) status = keys_of_json(store, text_of(&keys.body), keys.body.len, out, error);
    }
  }
  response_free(&token);
  response_free(&role);
  response_free(&keys);
  bytes_free(&path);
  return status;
}

/* The service of a container (ECS, EKS): its address, and what it wants to be told, are in the environment. */
static int keys_of_container(RemoteStore *store, Client *client, Keys *out, RemoteError *error) {
  const char *relative = net_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), *full = net_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  const char *file = net_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"), *token = net_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (!relative && !full) return 0;
  Bytes text = {.data = NULL};
  if (token) text_put(&text, token);
  if (file && net_file(file, &text))
    while (text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r')) text.data[--text.len] = 0;
  if (text.len) store->host->secret(text_of(&text));
  Response keys = {.status = 0};
  int status = 0;
  if (ask(client, "GET", relative ? CONTAINER : full, relative ? relative : "", "Authorization", text_of(&text), &keys))
    status = keys_of_json(store, text_of(&keys.body), keys.body.len, out, error);
  response_free(&keys);
  bytes_free(&text);
  return status;
}

/* A pod's own token in exchange for the keys of a role (EKS): AssumeRoleWithWebIdentity. */
static int keys_of_identity(RemoteStore *store, Keys *out, RemoteError *error) {
  const char *file = net_variable("AWS_WEB_IDENTITY_TOKEN_FILE"), *role = net_variable("AWS_ROLE_ARN"), *name = net_variable("AWS_ROLE_SESSION_NAME");
  const char *base = net_variable("AWS_ENDPOINT_URL_STS"), *region = net_variable("AWS_REGION");
  if (!region) region = net_variable("AWS_DEFAULT_REGION");
  Bytes token = {.data = NULL};
  if (!file || !role) return 0;
  if (!net_file(file, &token)) {
    bytes_free(&token);
    return net_fail(error, REMOTE_DENIED, "the file that AWS_WEB_IDENTITY_TOKEN_FILE names cannot be read");
  }
  store->host->secret(text_of(&token));
  Request request = {.method = "POST"};
  Response response = {.status = 0};
  Pairs form = {.items = NULL};
  Bytes body = {.data = NULL};
  pairs_put(&form, "Action", "AssumeRoleWithWebIdentity");
  pairs_put(&form, "Version", "2011-06-15");
  pairs_put(&form, "RoleArn", role);
  pairs_put(&form, "RoleSessionName", name ? name : "dcetl");
  pairs_put(&form, "WebIdentityToken", text_of(&token));
  pairs_query(&form, &body);
  text_put(&request.path, "/");
  if (base)
    text_put(&request.base, base);
  else
    text_format(&request.base, region ? "https://sts.%s.amazonaws.com" : "https://sts.amazonaws.com", region);
  request.body = text_of(&body);
  request.body_size = body.len;
  pairs_put(&request.headers, "Content-Type", "application/x-www-form-urlencoded");
  int status = client_send(&store->client, &request, &response, error);
  XmlNode *root = status == 0 ? xml_read(text_of(&response.body), response.body.len) : NULL;
  const XmlNode *keys = xml_at(root, "AssumeRoleWithWebIdentityResult/Credentials");
  if (keys) status = set_keys(store, out, xml_text(keys, "AccessKeyId"), xml_text(keys, "SecretAccessKey"), xml_text(keys, "SessionToken"), error);
  if (keys && status > 0) out->expires = read_moment(xml_text(keys, "Expiration"));
  if (!keys && status == 0) status = net_fail(error, REMOTE_DENIED, "the token service gives no keys for AWS_ROLE_ARN");
  xml_free(root);
  bytes_free(&token);
  bytes_free(&body);
  pairs_free(&form);
  request_free(&request);
  response_free(&response);
  return status;
}

static int keys_of_services(RemoteStore *store, Keys *out, RemoteError *error) {
  Client client;
  if (client_init_near(&client, store->host, error) != 0) return -1;
  int status = keys_of_container(store, &client, out, error);
  if (status == 0) status = keys_of_instance(store, &client, out, error);
  client_deinit(&client);
  return status;
}

/* --- In order --- */

static int keys_of_profile(RemoteStore *store, Keys *out, RemoteError *error) {
  const Settings *settings = &store->settings;
  char *access_key = profile_value(settings, "aws_access_key_id"), *secret_key = profile_value(settings, "aws_secret_access_key");
  char *token = profile_value(settings, "aws_session_token"), *command = profile_value(settings, "credential_process"), *role = profile_value(settings, "role_arn");
  int status = 0;
  if (access_key && secret_key) {
    status = set_keys(store, out, access_key, secret_key, token, error);
  } else if (command) {
    status = keys_of_process(store, command, out, error);
  } else if (role || settings->profile) {
    status = net_fail(error, REMOTE_DENIED, "the profile '%s' has no keys%s", settings->profile ? settings->profile : "default", role ? ", but a role (role_arn)" : "");
    MODULE_HINT(error, "a profile has aws_access_key_id and aws_secret_access_key, or a credential_process that gives them, such as: aws configure export-credentials --profile NAME");
  }
  free(access_key);
  free(secret_key);
  free(token);
  free(command);
  free(role);
  return status;
}

int keys_find(RemoteStore *store, Keys *out, RemoteError *error) {
  const Settings *settings = &store->settings;
  const char *access_key = net_variable("AWS_ACCESS_KEY_ID"), *secret_key = net_variable("AWS_SECRET_ACCESS_KEY");
  *out = (Keys){.access_key = NULL};
  int status = 0;
  if (settings->access_key) {
    out->fixed = true;
    if (!*settings->access_key) {
      out->anonymous = true;
      return 0;
    }
    if (!settings->secret_key) {
      MODULE_HINT(error, "with @access_key goes @secret_key");
      return net_fail(error, REMOTE_DENIED, "there is no secret key for the access key '%s'", settings->access_key);
    }
    status = set_keys(store, out, settings->access_key, settings->secret_key, settings->session_token, error);
    out->fixed = true;
  } else if (settings->secret_key || settings->session_token) {
    MODULE_HINT(error, "@access_key, @secret_key and @session_token go together; without all of them environment and profile decide");
    return net_fail(error, REMOTE_DENIED, "there is a secret key, but no access key for it");
  } else if (access_key && secret_key && !settings->profile) {
    status = set_keys(store, out, access_key, secret_key, net_variable("AWS_SESSION_TOKEN"), error);
    out->fixed = true;
  }
  if (status == 0) status = keys_of_profile(store, out, error);
  if (status == 0) status = keys_of_identity(store, out, error);
  if (status == 0) status = keys_of_services(store, out, error);
  if (status == 0) out->anonymous = true;
  if (status < 0) keys_free(out);
  return status < 0 ? -1 : 0;
}
