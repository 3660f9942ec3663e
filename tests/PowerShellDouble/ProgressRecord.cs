namespace System.Management.Automation;

public class ProgressRecord(int activityId, string activity, string statusDescription)
{
    public int ActivityId => activityId;

    public string Activity => activity;

    public string StatusDescription => statusDescription;

    public int PercentComplete { get; set; } = -1;

    public ProgressRecordType RecordType { get; set; }
}
