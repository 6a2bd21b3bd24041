#!/bin/bash
# Hadoop S3A 3.5.0: MultipartUploader is Closeable; closing the one that FileSystem.createMultipartUploader() made closes the *file system*:
# whoever got it from FileSystem.get(), which hands out a shared instance, closes it for the whole process.
# Seen: "FileSystem is closed!" from the next call. The local file system's uploader closes nothing but itself. No server is asked.
# Exit code 1 when that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/pom.xml" <<'POM'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>finding</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.hadoop</groupId><artifactId>hadoop-aws</artifactId><version>3.5.0</version>
      <exclusions><exclusion><groupId>software.amazon.awssdk</groupId><artifactId>bundle</artifactId></exclusion></exclusions>
    </dependency>
    <dependency><groupId>org.apache.hadoop</groupId><artifactId>hadoop-common</artifactId><version>3.5.0</version></dependency>
    <dependency><groupId>software.amazon.awssdk</groupId><artifactId>s3</artifactId><version>2.57.8</version></dependency>
    <dependency><groupId>software.amazon.awssdk</groupId><artifactId>s3-transfer-manager</artifactId><version>2.57.8</version></dependency>
    <dependency><groupId>software.amazon.awssdk</groupId><artifactId>apache-client</artifactId><version>2.57.8</version></dependency>
  </dependencies>
</project>
POM
mvn --batch-mode --quiet --file "$work/pom.xml" dependency:copy-dependencies -DoutputDirectory="$work/jars"
cat >"$work/Finding.java" <<'JAVA'
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

class Finding {
  static String afterClose(String root, Configuration settings) throws Exception {
    FileSystem fs = FileSystem.newInstance(URI.create(root), settings);
    fs.createMultipartUploader(new Path(root)).build().close();
    try {
      fs.exists(new Path(root, "nothing"));
      return "still open";
    } catch (Exception error) {
      return String.valueOf(error.getMessage());
    }
  }

  public static void main(String[] arguments) throws Exception {
    Configuration settings = new Configuration();
    settings.set("fs.s3a.endpoint", "http://127.0.0.1:1");
    settings.set("fs.s3a.endpoint.region", "us-east-1");
    settings.set("fs.s3a.aws.credentials.provider", "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider");
    settings.set("fs.s3a.access.key", "key");
    settings.set("fs.s3a.secret.key", "secret");
    settings.set("fs.s3a.bucket.probe", "0");
    settings.set("fs.s3a.multipart.purge", "false");
    settings.set("hadoop.tmp.dir", arguments[0]);
    String s3a = afterClose("s3a://bucket/", settings);
    String local = afterClose("file://" + arguments[0] + "/", settings);
    System.out.println("s3a: " + s3a + "\nfile: " + local);
    Runtime.getRuntime().halt(s3a.contains("FileSystem is closed!") && local.equals("still open") ? 0 : 1);
  }
}
JAVA
java -cp "$work/jars/*" "$work/Finding.java" "$work" 2>/dev/null
