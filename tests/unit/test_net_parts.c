/* test_net_parts.c - parts of the module dcetl-net.so, its sources linked in: signatures, texts, files of keys, XML. */
#include <check.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "../modules/net/net.h"

/* --- Signatures --- */

static void add(Pairs *pairs, const char *name, const char *value) { pairs_put(pairs, name, value); }

static void check_v4(const char *method, const char *path, const char *query, const char *payload, Pairs *headers, const char *signature) {
  /* "Signature Calculations for the Authorization Header", Amazon S3 API Reference: 2013-05-24T00:00:00Z */
  const SignKeys keys = {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", NULL, "us-east-1", "s3"};
  add(headers, "x-amz-content-sha256", payload);
  sign_v4(&keys, method, "examplebucket.s3.amazonaws.com", path, query, payload, 1369353600, headers);
  const char *line = pairs_get(headers, "Authorization");
  ck_assert_str_eq(strstr(line, "Signature=") + 10, signature);
  pairs_free(headers);
}

START_TEST(v4_as_published) {
  static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  Pairs headers = {.items = NULL};
  add(&headers, "Range", "bytes=0-9");
  check_v4("GET", "/test.txt", "", empty, &headers, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  add(&headers, "Date", "Fri, 24 May 2013 00:00:00 GMT");
  add(&headers, "x-amz-storage-class", "REDUCED_REDUNDANCY");
  check_v4("PUT", "/test%24file.text", "", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072", &headers,
           "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  check_v4("GET", "/", "lifecycle=", empty, &headers, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  check_v4("GET", "/", "max-keys=2&prefix=J", empty, &headers, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}
END_TEST

START_TEST(host_without_usual_port) {
  const struct { const char *base, *host; } cases[] = {{"https://a.b:443", "a.b"}, {"http://a.b:80", "a.b"}, {"https://a.b:80", "a.b:80"}, {"http://[::1]:9000", "[::1]:9000"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Bytes out = {.data = NULL};
    net_host(cases[i].base, &out);
    ck_assert_str_eq(text_of(&out), cases[i].host);
    bytes_free(&out);
  }
}
END_TEST

START_TEST(shared_key) {
  /* The text to sign by hand as Azure's reference has it, its HMAC by Python:
     base64.b64encode(hmac.new(b"key", text.encode(), "sha256").digest()) */
  Pairs headers = {.items = NULL};
  add(&headers, "x-ms-version", "2021-08-06");
  add(&headers, "x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT");
  add(&headers, "Range", "bytes=0-9");
  ck_assert(sign_shared_key("acc", "a2V5", "GET", "/cont/a%20b", "comp=list&prefix=x%2Fy", "", 0, &headers));
  ck_assert_str_eq(pairs_get(&headers, "Authorization"), "SharedKey acc:E5s/MuNDaAMLinfJMx9H/5AJVrZeKOcykD/kmM8K1BQ=");
  ck_assert(!sign_shared_key("acc", "no base64!", "GET", "/", "", "", 0, &headers));
  pairs_free(&headers);
}
END_TEST

START_TEST(jwt) {
  EVP_PKEY *key = EVP_RSA_gen(2048);
  BIO *bio = BIO_new(BIO_s_mem());
  ck_assert(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
  char *pem;
  long len = BIO_get_mem_data(bio, &pem);
  char *copy = text_copy(pem, (size_t)len);
  RemoteError error = {.kind = REMOTE_FAILED};
  char *token = token_jwt("{\"alg\":\"RS256\"}", "{\"iss\":\"\xc3\xbc?\"}", copy, &error);
  ck_assert_ptr_nonnull(token);
  char *dot = strrchr(token, '.');
  Bytes signature = {.data = NULL};
  ck_assert(text_unbase64(&signature, dot + 1));
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  ck_assert_int_eq(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key), 1);
  ck_assert_int_eq(EVP_DigestVerify(context, signature.data, signature.len, (const uint8_t *)token, (size_t)(dot - token)), 1);
  ck_assert(!strpbrk(token, "+/="));
  *dot = 0;
  ck_assert_str_eq(token, "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiLDvD8ifQ");
  ck_assert_ptr_null(token_jwt("{}", "{}", "no key", &error));
  ck_assert_str_ne(error.text, "");
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  BIO_free(bio);
  bytes_free(&signature);
  free(token);
  free(copy);
}
END_TEST

/* --- Texts --- */

START_TEST(base64) {
  /* RFC 4648, 10 */
  static const char *const pairs[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    Bytes there = {.data = NULL}, back = {.data = NULL};
    text_base64(&there, pairs[i][0], strlen(pairs[i][0]), false);
    ck_assert_str_eq(text_of(&there), pairs[i][1]);
    ck_assert(text_unbase64(&back, pairs[i][1]));
    ck_assert_str_eq(text_of(&back), pairs[i][0]);
    bytes_free(&there);
    bytes_free(&back);
  }
}
END_TEST

START_TEST(percent) {
  static const char raw[] = "a b+%#?&=\xc3\xbc/~.-_";
  Bytes there = {.data = NULL}, back = {.data = NULL};
  text_encode(&there, raw, strlen(raw), "/");
  ck_assert_str_eq(text_of(&there), "a%20b%2B%25%23%3F%26%3D%C3%BC/~.-_");
  text_decode(&back, text_of(&there), there.len);
  ck_assert_str_eq(text_of(&back), raw);
  back.len = 0;
  text_decode(&back, "%zz%4", 5);
  ck_assert_str_eq(text_of(&back), "%zz%4");
  bytes_free(&there);
  bytes_free(&back);
}
END_TEST

START_TEST(profiles) {
  static const char text[] = "; comment\n[default]\naws_access_key_id = A\naws_access_key_id=B\r\ns3 =\n  region = nested\n\n[ profile x ]\n  \nregion=eu-west-1\n# region = no\nempty =\n[broken\n=\n[x]\nlast = 1";
  const struct { const char *section, *name, *value; } cases[] = {
    {"default", "aws_access_key_id", "B"}, {"default", "region", NULL}, {"profile x", "region", "eu-west-1"}, {"profile x", "empty", ""},
    {"x", "last", "1"}, {"nothing", "region", NULL}, {"default", "s3", ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *value = ini_value(text, cases[i].section, cases[i].name);
    ck_assert_msg((value == NULL) == (cases[i].value == NULL), "%s", cases[i].name);
    if (value) ck_assert_str_eq(value, cases[i].value);
    free(value);
  }
}
END_TEST

START_TEST(xml) {
  static const char text[] = "<?xml version='1.0'?><a:L xmlns:a='u'><C><K>x &amp; \xc3\xbc</K></C><C/><P><Q>1</Q></P></a:L>";
  XmlNode *root = xml_read(text, strlen(text));
  ck_assert_str_eq(root->name, "L");
  ck_assert_str_eq(xml_text(root, "C/K"), "x & \xc3\xbc");
  ck_assert_str_eq(xml_text(root, "P/Q"), "1");
  ck_assert_str_eq(xml_text(root, "P/R/S"), "");
  ck_assert_str_eq(xml_text(NULL, "P"), "");
  xml_free(root);
  for (size_t len = 0; len < strlen(text); len++) ck_assert_ptr_null(xml_read(text, len)); /* cut short anywhere */
  Bytes deep = {.data = NULL};
  for (int i = 0; i < 100; i++) text_put(&deep, "<a>");
  text_put(&deep, "<b/>");
  ck_assert_ptr_null(xml_read(text_of(&deep), deep.len));
  bytes_free(&deep);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("net_parts");
  TCase *all = tcase_create("all");
  tcase_add_test(all, v4_as_published);
  tcase_add_test(all, host_without_usual_port);
  tcase_add_test(all, shared_key);
  tcase_add_test(all, jwt);
  tcase_add_test(all, base64);
  tcase_add_test(all, percent);
  tcase_add_test(all, profiles);
  tcase_add_test(all, xml);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
