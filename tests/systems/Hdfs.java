/* Hdfs.java - HDFS itself for the tests, a name node and a data node in one process: java -cp JARS Hdfs.java PORT FOLDER. Prints "ready". */
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.server.datanode.DataNode;
import org.apache.hadoop.hdfs.server.namenode.NameNode;
import org.apache.hadoop.metrics2.lib.DefaultMetricsSystem;

public class Hdfs {
  public static void main(String[] arguments) throws Exception {
    Configuration settings = new Configuration();
    settings.set("fs.defaultFS", "hdfs://127.0.0.1:0");
    settings.set("dfs.namenode.http-address", "127.0.0.1:" + arguments[0]);
    settings.set("dfs.namenode.name.dir", "file://" + arguments[1] + "/name");
    settings.set("dfs.datanode.data.dir", "file://" + arguments[1] + "/data");
    settings.set("dfs.datanode.address", "127.0.0.1:0");
    settings.set("dfs.datanode.http.address", "127.0.0.1:0");
    settings.set("dfs.datanode.ipc.address", "127.0.0.1:0");
    settings.set("dfs.datanode.hostname", "127.0.0.1");
    settings.set("dfs.replication", "1");
    settings.set("dfs.namenode.safemode.extension", "0");
    DefaultMetricsSystem.setMiniClusterMode(true);
    NameNode.format(settings);
    NameNode names = new NameNode(settings);
    FileSystem.setDefaultUri(settings, "hdfs://127.0.0.1:" + names.getNameNodeAddress().getPort());
    DataNode data = DataNode.instantiateDataNode(new String[0], settings);
    data.runDatanodeDaemon();
    FileSystem.get(settings).setPermission(new Path("/"), new FsPermission((short) 0777));
    while (!data.isDatanodeFullyStarted()) Thread.sleep(100);
    System.out.println("ready");
    Thread.sleep(Long.MAX_VALUE);
  }
}
