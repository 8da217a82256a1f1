"""The raw objects of Workday: workers and organizations from web services, the rest from custom reports.

Values of the web services stay as they are written: booleans are the text 1 or 0. ``Work_Email``,
``Other_Work_Emails``, ``Manager``, ``Primary_Job``, ``Organizations``, ``Parent`` and ``Transaction_Entry_Moment`` are
taken out of a record's lists when its XML becomes JSON (see ``convert.py``); ``Period`` is the month that a row of time
off was asked for with.
"""

from __future__ import annotations

from ingestion.raw import RawObject

RATE = "decimal(26,6)"
HOURS = "decimal(18,6)"
_DETAIL = "Name_Detail_Data.Formatted_Name"
_NAMES = "Worker_Data.Personal_Data.Name_Data"
_EMPLOYMENT = "Worker_Data.Employment_Data"

OBJECTS: dict[str, RawObject] = {
    obj.name: obj
    for obj in (
        RawObject(
            "workers",
            key=("Worker_Reference.WID",),
            columns={
                "Worker_Reference.WID": "text",
                "Worker_Reference.Employee_ID": "text",
                "Worker_Reference.Contingent_Worker_ID": "text",
                "Worker_Data.Worker_ID": "text",
                "Worker_Data.User_ID": "text",
                f"{_NAMES}.Legal_Name_Data.{_DETAIL}": "text",
                f"{_NAMES}.Preferred_Name_Data.{_DETAIL}": "text",
                f"{_EMPLOYMENT}.Worker_Status_Data.Active": "text",
                f"{_EMPLOYMENT}.Worker_Status_Data.Hire_Date": "date",
                f"{_EMPLOYMENT}.Worker_Status_Data.Terminated": "text",
                f"{_EMPLOYMENT}.Worker_Status_Data.Termination_Date": "date",
                f"{_EMPLOYMENT}.Worker_Contract_Data.Contract_Pay_Rate": RATE,
                f"{_EMPLOYMENT}.Worker_Contract_Data.Currency_Reference.Currency_ID": "text",
                f"{_EMPLOYMENT}.Worker_Contract_Data.Frequency_Reference.Frequency_ID": "text",
                "Work_Email": "text",
                "Other_Work_Emails": "text",
                "Manager.WID": "text",
                "Primary_Job.Position_Data.Business_Title": "text",
                "Primary_Job.Position_Data.Job_Profile_Summary_Data.Job_Profile_Name": "text",
                "Primary_Job.Position_Data.Full_Time_Equivalent_Percentage": HOURS,
                "Organizations.company.WID": "text",
                "Organizations.company.Reference_ID": "text",
                "Organizations.supervisory.WID": "text",
                "Organizations.cost_center.WID": "text",
                "Organizations.region.WID": "text",
                "Transaction_Entry_Moment": "timestamp",
            },
            cursor="Transaction_Entry_Moment",
        ),
        RawObject(
            "organizations",
            key=("Organization_Reference.WID",),
            columns={
                "Organization_Reference.WID": "text",
                "Organization_Data.Reference_ID": "text",
                "Organization_Data.Name": "text",
                "Organization_Data.Organization_Code": "text",
                "Organization_Data.Organization_Type_Reference.Organization_Type_ID": "text",
                "Organization_Data.Inactive": "text",
                "Organization_Data.Inactive_Date": "date",
                "Organization_Data.Last_Updated_DateTime": "timestamp",
                "Organization_Data.Manager_Reference.WID": "text",
                "Parent.WID": "text",
            },
            snapshot=True,
        ),
        RawObject(
            "work_calendars",
            key=("Work_Calendar_ID",),
            columns={
                "Work_Calendar_ID": "text",
                "Work_Calendar_Name": "text",
                "Country_Code": "text",
                "Hours_per_Day": HOURS,
            },
            snapshot=True,
        ),
        RawObject(
            "holidays",
            key=("Holiday_WID",),
            columns={
                "Holiday_WID": "text",
                "Work_Calendar_ID": "text",
                "Holiday_Date": "date",
                "Holiday_Name": "text",
            },
            snapshot=True,
        ),
        RawObject(
            "worker_calendars",
            key=("Worker_WID",),
            columns={"Worker_WID": "text", "Work_Calendar_ID": "text"},
            snapshot=True,
        ),
        RawObject(
            "time_off",
            key=("Time_Off_Entry_WID",),
            columns={
                "Time_Off_Entry_WID": "text",
                "Worker_WID": "text",
                "Time_Off_Date": "date",
                "Units": HOURS,
                "Unit_of_Time": "text",
                "Time_Off_Type": "text",
                "Status": "text",
                "Last_Updated": "timestamp",
                "Period": "text",
            },
            parent="Period",
        ),
    )
}
