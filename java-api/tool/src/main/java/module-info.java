/// The commands: train, evaluate, generate, curvature, grow, fit, plan, ladder, doctor.
module dev.gatun.tool {
  requires com.fasterxml.jackson.core;
  requires com.fasterxml.jackson.jr.ob;
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
