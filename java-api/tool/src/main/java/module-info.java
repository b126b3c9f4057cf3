/// The commands: train, evaluate, generate, doctor, fit.
module dev.gatun.tool {
  requires dev.gatun;
  requires dev.gatun.scaling;
  requires info.picocli;
  requires java.desktop;
  requires jtokkit;
  requires me.tongfei.progressbar;
  requires xchart;

  opens dev.gatun.tool to
      info.picocli;
}
